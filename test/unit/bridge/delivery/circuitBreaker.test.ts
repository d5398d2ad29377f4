import { describe, expect, it } from 'vitest';
import { createCircuitBreaker } from '../../../../bridge/delivery/circuitBreaker.ts';
import { defaultDeliveryTuning } from '../../../../bridge/delivery/deliveryTuning.ts';
import { T0 } from '../../../support/objects/builders.ts';

describe('the circuit breaker', () => {
  it('opens after five failures in a row', () => {
    const breaker = createCircuitBreaker(defaultDeliveryTuning.circuitBreaker, () => 1);
    for (let attempt = 1; attempt <= 4; attempt += 1) breaker.fail(attempt, T0);
    expect(breaker.isOpen()).toBe(false);
    breaker.fail(5, T0);
    expect(breaker.isOpen()).toBe(true);
  });

  it('does not count what was sent before the last answer, which met the same load', () => {
    const breaker = createCircuitBreaker(defaultDeliveryTuning.circuitBreaker, () => 1);
    breaker.succeed(10);
    for (let attempt = 1; attempt <= 10; attempt += 1) breaker.fail(attempt, T0);
    expect(breaker.isOpen()).toBe(false);
    for (let attempt = 11; attempt <= 15; attempt += 1) breaker.fail(attempt, T0);
    expect(breaker.isOpen()).toBe(true);
  });

  it('admits one probe at a time, further and further apart, up to a second', () => {
    const breaker = createCircuitBreaker(defaultDeliveryTuning.circuitBreaker, () => 1);
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 12; attempt += 1) {
      breaker.fail(attempt, T0);
      if (breaker.isOpen()) waits.push(breaker.probeAt() - T0);
    }
    expect(waits).toEqual([250, 500, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000]);
    expect(breaker.admits(0, T0 + 999)).toBe(false);
    expect(breaker.admits(1, T0 + 1_000)).toBe(false);
    expect(breaker.admits(0, T0 + 1_000)).toBe(true);
  });

  it('says whether an answer closed it', () => {
    const breaker = createCircuitBreaker(defaultDeliveryTuning.circuitBreaker, () => 1);
    expect(breaker.succeed(0)).toBe(false);
    for (let attempt = 1; attempt <= 5; attempt += 1) breaker.fail(attempt, T0);
    expect(breaker.succeed(6)).toBe(true);
    expect(breaker.isOpen()).toBe(false);
    expect(breaker.succeed(7)).toBe(false);
  });
});
