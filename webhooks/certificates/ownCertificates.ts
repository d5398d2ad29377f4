/**
 * ownCertificates: keeps an authority and a certificate for the webhooks in a Secret, and writes
 * the authority into their configurations.
 *
 * Guarantees: of two replicas that begin at once, one writes the Secret and the other one takes it.
 * A certificate is renewed when two thirds of its time are over, and the authority along with it.
 * The previous authority stays beside the new one, so that no request fails while replicas renew.
 * A server that cannot renew goes on with what it has.
 */

import { X509Certificate } from 'node:crypto';
import { codeOf } from '../../lib/errors.ts';
import { isObject } from '../../lib/flow/spec/fieldReader.ts';
import type { JsonObject } from '../../lib/flow/spec/flowSpec.ts';
import {
  type KubeApi,
  mutatingWebhookConfigurations,
  type Resource,
  secrets,
  validatingWebhookConfigurations,
} from '../../lib/kube/kubeApi.ts';
import { type Certificate, makeCertificate } from './makeCertificate.ts';

export interface OwnCertificate extends Certificate {
  /** Authorities, the current one first, in PEM. */
  readonly authorities: string;
  /** Epoch milliseconds. */
  readonly renewAt: number;
  readonly expiresAt: number;
}

export interface OwnCertificateOptions {
  readonly api: KubeApi;
  /** Where the Secret and the Service are. */
  readonly namespace: string;
  readonly secret: string;
  readonly service: string;
  /** The name of both configurations. */
  readonly configuration: string;
  readonly now: () => number;
}

const DAY_MS = 86_400_000;
/** A quarter, so that a renewal is no rare event. */
const LIFETIME_MS = 90 * DAY_MS;
/** Clocks of API servers may be behind. */
const BACKDATED_MS = 3_600_000;
const AUTHORITY = 'zen-flow webhooks';

/** Reads what can serve at once, also where it is to be renewed. Makes one where there is none. */
export async function takeCertificate(options: OwnCertificateOptions, signal: AbortSignal): Promise<OwnCertificate> {
  const known = parseCertificate(await readSecret(options, signal));
  return known !== null && known.expiresAt > options.now() ? known : keepCertificate(options, signal);
}

/** Reads the certificate, or makes one where there is none, or where it is time. */
export async function keepCertificate(options: OwnCertificateOptions, signal: AbortSignal): Promise<OwnCertificate> {
  const { api, namespace, secret, now } = options;
  const found = await readSecret(options, signal);
  const known = parseCertificate(found);
  if (known !== null && known.renewAt > now()) return known;
  const made = newCertificate(options, known);
  const data = encode({ 'tls.crt': made.cert, 'tls.key': made.key, 'ca.crt': made.authorities });
  try {
    if (found === null) {
      const metadata = { name: secret, namespace, labels: { 'app.kubernetes.io/part-of': 'zen-flow' } };
      await api.create(secrets, namespace, { metadata, type: 'kubernetes.io/tls', data }, signal);
    } else {
      const { uid, resourceVersion } = isObject(found['metadata']) ? found['metadata'] : {};
      await api.mergePatch(secrets, namespace, secret, { metadata: { uid, resourceVersion }, data }, signal);
    }
    return made;
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'KUBE_ALREADY_EXISTS' && code !== 'KUBE_CONFLICT') throw error;
    return parseCertificate(await readSecret(options, signal)) ?? made;
  }
}

/** Who has the authorities of `next` takes `served`, too, and it has not expired. */
export function mayStillServe(served: OwnCertificate, next: OwnCertificate, now: number): boolean {
  return now < served.expiresAt && next.authorities.includes(firstOf(served.authorities));
}

/** Writes the authorities into every webhook of both configurations, where they differ. */
export async function publishAuthorities(
  { api, configuration }: OwnCertificateOptions,
  authorities: string,
  signal: AbortSignal,
): Promise<void> {
  const caBundle = Buffer.from(authorities).toString('base64');
  for (const resource of [validatingWebhookConfigurations, mutatingWebhookConfigurations]) {
    const found = await readIfThere(api, resource, undefined, configuration, signal);
    if (found === null) continue;
    const { uid, resourceVersion } = isObject(found['metadata']) ? found['metadata'] : {};
    const list = Array.isArray(found['webhooks']) ? found['webhooks'].filter(isObject) : [];
    const webhooks = list.map((each) => ({ ...each, clientConfig: { ...Object(each['clientConfig']), caBundle } }));
    if (JSON.stringify(webhooks) === JSON.stringify(list)) continue;
    await api.mergePatch(resource, undefined, configuration, { metadata: { uid, resourceVersion }, webhooks }, signal);
  }
}

function newCertificate(
  { namespace, service, now }: OwnCertificateOptions,
  previous: OwnCertificate | null,
): OwnCertificate {
  const life = { notBefore: now() - BACKDATED_MS, notAfter: now() + LIFETIME_MS };
  const authority = makeCertificate({ commonName: AUTHORITY, dnsNames: [], ...life });
  const host = `${service}.${namespace}.svc`;
  const made = makeCertificate(
    { commonName: service, dnsNames: [host, `${host}.cluster.local`, `${service}.${namespace}`, 'localhost'], ...life },
    { ...authority, commonName: AUTHORITY },
  );
  const before = previous === null || previous.expiresAt <= now() ? '' : firstOf(previous.authorities);
  return { ...made, authorities: authority.cert + before, ...timesOf(made.cert) };
}

function firstOf(authorities: string): string {
  const end = '-----END CERTIFICATE-----\n';
  return authorities.slice(0, authorities.indexOf(end) + end.length);
}

function timesOf(cert: string): { readonly renewAt: number; readonly expiresAt: number } {
  const { validFrom, validTo } = new X509Certificate(cert);
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)];
  return { renewAt: from + ((to - from) * 2) / 3, expiresAt: to };
}

/** Null where there is none, or a person has written something else: then it is written again. */
function parseCertificate(secret: JsonObject | null): OwnCertificate | null {
  const data = secret?.['data'];
  const text = (key: string) => {
    const value = isObject(data) ? data[key] : undefined;
    return typeof value === 'string' ? Buffer.from(value, 'base64').toString() : '';
  };
  const read = { cert: text('tls.crt'), key: text('tls.key'), authorities: text('ca.crt') };
  try {
    return read.key === '' || read.authorities === '' ? null : { ...read, ...timesOf(read.cert) };
  } catch {
    return null;
  }
}

function encode(texts: Readonly<Record<string, string>>): JsonObject {
  return Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]));
}

function readSecret(
  { api, namespace, secret }: OwnCertificateOptions,
  signal: AbortSignal,
): Promise<JsonObject | null> {
  return readIfThere(api, secrets, namespace, secret, signal);
}

async function readIfThere(
  api: KubeApi,
  resource: Resource,
  namespace: string | undefined,
  name: string,
  signal: AbortSignal,
): Promise<JsonObject | null> {
  try {
    const found = await api.get(resource, namespace, name, signal);
    return isObject(found) ? found : null;
  } catch (error) {
    if (codeOf(error) === 'KUBE_NOT_FOUND') return null;
    throw error;
  }
}
