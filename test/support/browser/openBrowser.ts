/**
 * Opens a real headless Chromium for the tests of our pages, driven over the DevTools protocol.
 *
 * Guarantees: it has a profile of its own, which goes with it. It ends with the test file that
 * opened it.
 * Source: https://chromedevtools.github.io/devtools-protocol/ (Page, Runtime, Input, Emulation)
 */

import { spawn } from 'node:child_process';
import { accessSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { WebSocket } from 'undici';

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface BrowserPage {
  goTo(url: string): Promise<void>;
  /** The value of an expression, which may be a promise. */
  evaluate(expression: string): Promise<unknown>;
  /** Waits until the expression is true. */
  until(expression: string): Promise<void>;
  moveMouse(x: number, y: number): Promise<void>;
  /** PNG, base64. */
  screenshot(): Promise<string>;
  /**
   * Errors of the page: exceptions and what it wrote with console.error, content security policy
   * included.
   */
  readonly errors: readonly string[];
}

export interface Browser {
  openPage(size: Size): Promise<BrowserPage>;
  close(): Promise<void>;
}

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const flags = [
  '--headless',
  '--no-sandbox', // CI runs as root
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--remote-debugging-port=0',
];
/** A cold start of Chromium on a busy machine. */
const START_WITHIN_MS = 30_000;
const TRUE_WITHIN_MS = 30_000;

/** Null where there is none. The tests are skipped then, with one plain line. */
export function findBrowser(): string | null {
  const found = places.find((place) => {
    try {
      accessSync(place);
      return true;
    } catch {
      return false; // not there
    }
  });
  if (found === undefined) console.log('browser tests skipped: no Chromium found (apt-get install chromium)');
  return found ?? null;
}

export async function openBrowser(command: string): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'zen-lead-browser-'));
  const child = spawn(command, [...flags, `--user-data-dir=${profile}`], { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const connection = await connect(await findAddress(child.stderr));
  return {
    async openPage({ width, height }) {
      const { targetId } = await connection.send('Target.createTarget', { url: 'about:blank' });
      const { sessionId } = await connection.send('Target.attachToTarget', { targetId, flatten: true });
      const send = (method: string, params: object = {}) => connection.send(method, params, String(sessionId));
      const errors: string[] = [];
      connection.listen(String(sessionId), (method, params) => {
        if (method === 'Runtime.exceptionThrown' || method === 'Log.entryAdded') errors.push(JSON.stringify(params));
      });
      for (const domain of ['Page', 'Runtime', 'Log']) await send(`${domain}.enable`);
      await send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: width < 640 });
      const evaluate = async (expression: string): Promise<unknown> => {
        const answer = await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
        if ('exceptionDetails' in answer)
          throw new Error(`${expression}: ${JSON.stringify(answer['exceptionDetails'])}`);
        return (answer['result'] as { readonly value?: unknown }).value;
      };
      return {
        errors,
        evaluate,
        async goTo(url) {
          const loaded = connection.waitFor(String(sessionId), 'Page.loadEventFired');
          await send('Page.navigate', { url });
          await loaded;
        },
        async until(expression) {
          const deadlineAt = Date.now() + TRUE_WITHIN_MS;
          while (!(await evaluate(`Boolean(${expression})`))) {
            if (Date.now() > deadlineAt) throw new Error(`never became true: ${expression}`);
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
        },
        async moveMouse(x, y) {
          await send('Input.dispatchMouseEvent', { type: 'mouseMoved', x, y });
        },
        async screenshot() {
          return String((await send('Page.captureScreenshot', { format: 'png' }))['data']);
        },
      };
    },
    async close() {
      connection.close();
      child.kill('SIGKILL');
      await exited;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function findAddress(stderr: NodeJS.ReadableStream): Promise<string> {
  const lines = createInterface({ input: stderr });
  const found = Promise.withResolvers<string>();
  const timer = setTimeout(() => found.reject(new Error('Chromium did not start')), START_WITHIN_MS);
  lines.on('line', (line) => {
    const address = /^DevTools listening on (ws:\S+)$/.exec(line)?.[1];
    if (address !== undefined) found.resolve(address);
  });
  lines.on('close', () => found.reject(new Error('Chromium ended at once')));
  return found.promise.finally(() => clearTimeout(timer));
}

type Answer = Readonly<Record<string, unknown>>;
type Listener = (method: string, params: unknown) => void;

interface Connection {
  send(method: string, params?: object, sessionId?: string): Promise<Answer>;
  listen(sessionId: string, listener: Listener): void;
  waitFor(sessionId: string, method: string): Promise<void>;
  close(): void;
}

interface Message {
  readonly id?: number;
  readonly result?: Answer;
  readonly error?: { readonly message: string };
  readonly method?: string;
  readonly params?: unknown;
  readonly sessionId?: string;
}

async function connect(address: string): Promise<Connection> {
  const socket = new WebSocket(address);
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('error', reject);
  });
  const answers = new Map<number, PromiseWithResolvers<Answer>>();
  const listeners = new Map<string, Set<Listener>>();
  let lastId = 0;
  socket.addEventListener('message', ({ data }) => {
    const { id, result, error, method, params, sessionId = '' } = JSON.parse(String(data)) as Message;
    if (id === undefined) for (const listener of listeners.get(sessionId) ?? []) listener(method ?? '', params);
    else if (error !== undefined) answers.get(id)?.reject(new Error(error.message));
    else answers.get(id)?.resolve(result ?? {});
  });
  const listen = (sessionId: string, listener: Listener): (() => void) => {
    const those = listeners.get(sessionId) ?? new Set();
    listeners.set(sessionId, those.add(listener));
    return () => those.delete(listener);
  };
  return {
    send(method, params = {}, sessionId) {
      lastId += 1;
      const answer = Promise.withResolvers<Answer>();
      answers.set(lastId, answer);
      socket.send(JSON.stringify({ id: lastId, method, params, ...(sessionId !== undefined && { sessionId }) }));
      return answer.promise;
    },
    listen,
    waitFor: (sessionId, wanted) =>
      new Promise((resolve) => {
        const stop = listen(sessionId, (method) => {
          if (method !== wanted) return;
          stop();
          resolve();
        });
      }),
    close: () => socket.close(),
  };
}
