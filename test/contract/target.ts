/**
 * Describes the API server under contract. The suite knows nothing else of it.
 */

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Parsed JSON, or text. */
  readonly body: unknown;
}

interface AskOptions {
  readonly contentType?: string;
  readonly accept?: string;
}

export interface Target {
  readonly name: 'embedded' | 'real';
  readonly ask: (method: string, path: string, body?: unknown, options?: AskOptions) => Promise<Answer>;
  /** Returns the lines of a watch until it ends, or until `count` have come. */
  readonly watch: (path: string, options?: AskOptions & { readonly count?: number }) => Promise<readonly unknown[]>;
  /** Forgets the past: earlier revisions can be neither watched nor listed. */
  readonly expire: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Content types of the bodies of a PATCH. */
export const mergePatch = { contentType: 'application/merge-patch+json' };
export const jsonPatch = { contentType: 'application/json-patch+json' };
export const strategicPatch = { contentType: 'application/strategic-merge-patch+json' };
