/**
 * Exports the checks of flows and schedules, and the simulation, as a library: the entry
 * `zen-lead/flow` of the package. lib/flow/README.md.
 *
 * The program itself imports the files behind it.
 */

export { checkScheduleObject, type ScheduleObjectRead } from './schedule/checkScheduleObject.ts';
export type { ScheduleSpec } from './schedule/scheduleView.ts';
export { type Simulation, type SimulationPlan, simulate, type TimelineEntry } from './simulate/simulate.ts';
export type { PlannedEnd, SimulatedFlow } from './simulate/simulatedCluster.ts';
export { checkFlowObject, type FlowObjectRead } from './spec/checkFlowObject.ts';
export type { FlowSpec, Json, JsonObject, Problem, Step } from './spec/flowSpec.ts';
export { limits } from './spec/limits.ts';
