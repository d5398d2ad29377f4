/**
 * createReflectionHandlers: serves grpc.reflection.v1.ServerReflection, so that grpcurl and its
 * like need no proto files.
 *
 * Does not serve extensions: the protos have none.
 * Source: https://github.com/grpc/grpc/blob/master/doc/server-reflection.md
 */

import { type DescFile, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { Code, type ServiceImpl } from '@connectrpc/connect';
import type {
  ServerReflection,
  ServerReflectionRequest,
  ServerReflectionResponseSchema,
} from './generated/grpc/reflection/v1/reflection_pb.js';

type Response = NonNullable<MessageInitShape<typeof ServerReflectionResponseSchema>['messageResponse']>;

export function createReflectionHandlers(files: readonly DescFile[]): ServiceImpl<typeof ServerReflection> {
  const byName = new Map<string, DescFile>();
  const bySymbol = new Map<string, DescFile>();
  for (const file of files.flatMap(withDependencies)) {
    byName.set(file.proto.name, file);
    for (const symbol of symbolsOf(file)) bySymbol.set(symbol, file);
  }
  const services = files.flatMap((file) => file.services.map(({ typeName: name }) => ({ name })));

  function answer({ messageRequest: { case: kind, value } }: ServerReflectionRequest): Response {
    switch (kind) {
      case 'listServices':
        return { case: 'listServicesResponse', value: { service: services } };
      case 'fileByFilename':
        return toFiles(byName.get(value), value);
      case 'fileContainingSymbol':
        return toFiles(bySymbol.get(value), value);
      default:
        return notFound('there are no extensions');
    }
  }

  return {
    async *serverReflectionInfo(requests) {
      for await (const request of requests)
        yield { validHost: request.host, originalRequest: request, messageResponse: answer(request) };
    },
  };
}

/** With what it imports, because a reader needs that too. */
function toFiles(file: DescFile | undefined, asked: string): Response {
  if (file === undefined) return notFound(`${asked} is not known here`);
  const files = [...new Set(withDependencies(file))];
  const fileDescriptorProto = files.map((each) => toBinary(FileDescriptorProtoSchema, each.proto));
  return { case: 'fileDescriptorResponse', value: { fileDescriptorProto } };
}

function notFound(errorMessage: string): Response {
  return { case: 'errorResponse', value: { errorCode: Code.NotFound, errorMessage } };
}

function withDependencies(file: DescFile): readonly DescFile[] {
  return [file, ...file.dependencies.flatMap(withDependencies)];
}

function symbolsOf({ messages, enums, services }: DescFile): readonly string[] {
  const ofMessages = (all: DescFile['messages']): readonly string[] =>
    all.flatMap(({ typeName, nestedMessages, nestedEnums }) => [
      typeName,
      ...nestedEnums.map((each) => each.typeName),
      ...ofMessages(nestedMessages),
    ]);
  return [
    ...ofMessages(messages),
    ...enums.map(({ typeName }) => typeName),
    ...services.flatMap(({ typeName, methods }) => [typeName, ...methods.map(({ name }) => `${typeName}.${name}`)]),
  ];
}
