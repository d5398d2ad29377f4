// Preloaded with --import: writes the URL of every module of ours or of OpenTelemetry's SDK that is about traces to standard error.
// The API package alone does not count: prom-client loads it, whatever we do.
import { registerHooks } from 'node:module';

registerHooks({
  load(url, context, next) {
    if (/@opentelemetry\/(?!api\/)|openTelemetry\.ts$/.test(url)) process.stderr.write(`loaded ${url}\n`);
    return next(url, context);
  },
});
