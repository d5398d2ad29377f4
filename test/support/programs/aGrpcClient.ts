/**
 * Asks the api over gRPC with grpc-js, which knows nothing of what serves it: messages come from
 * the published proto files.
 */

import { fileURLToPath } from 'node:url';
import {
  type ChannelCredentials,
  type Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  loadPackageDefinition,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { onTestFinished } from 'vitest';

type Message = Readonly<Record<string, unknown>>;

export interface GrpcClient {
  call(method: string, request: Message, token?: string): Promise<Message>;
  /** Messages as they come; rejects with the ServiceError of the stream. */
  stream(
    method: string,
    request: Message,
    token?: string,
  ): { next(): Promise<Message>; cancel(): void; readonly call: ClientReadableStream<Message> };
  /** Asks and is answered in turn. */
  duplex(method: string): { ask(request: Message): Promise<Message> };
}

const proto = fileURLToPath(new URL('../../../proto', import.meta.url));

/** `service`: a full name, such as zenlead.v1.LockService. `url` of the api. */
export function aGrpcClient(
  url: string,
  service: string,
  file: string,
  secure: ChannelCredentials = credentials.createInsecure(),
): GrpcClient {
  const definition = loadSync(file, {
    includeDirs: [proto],
    keepCase: false,
    longs: Number,
    enums: String,
    oneofs: true,
    arrays: true,
  });
  const found = service
    .split('.')
    .reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], loadPackageDefinition(definition));
  const client = new (found as new (address: string, credentials: ChannelCredentials) => Client)(
    new URL(url).host,
    secure,
  );
  onTestFinished(() => client.close());
  const methods = client as unknown as Record<string, (...args: unknown[]) => ClientReadableStream<Message>>;
  return {
    call: (method, request, token) =>
      new Promise((resolve, reject) => {
        methods[method]?.(request, toMetadata(token), (error: ServiceError | null, answer: Message) =>
          error === null ? resolve(answer) : reject(error),
        );
      }),
    stream(method, request, token) {
      const call = methods[method]?.(request, toMetadata(token));
      if (call === undefined) throw new Error(`${service} has no ${method}`);
      // A reader that cancels, or has what it wanted, looks at no error.
      call.on('error', () => {});
      const messages = call[Symbol.asyncIterator]();
      onTestFinished(() => call.cancel());
      return {
        call,
        cancel: () => call.cancel(),
        async next() {
          const { done, value } = await messages.next();
          if (done) throw new Error(`${method}: the stream has ended`);
          return value;
        },
      };
    },
    duplex(method) {
      const call = methods[method]?.() as ClientDuplexStream<Message, Message>;
      call.on('error', () => {});
      const messages = call[Symbol.asyncIterator]();
      onTestFinished(() => call.cancel());
      return {
        async ask(request) {
          call.write(request);
          return (await messages.next()).value;
        },
      };
    },
  };
}

function toMetadata(token: string | undefined): Metadata {
  const metadata = new Metadata();
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
  return metadata;
}
