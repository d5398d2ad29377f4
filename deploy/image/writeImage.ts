/**
 * Writes layers and a configuration as one archive. `docker load`, `podman load`,
 * `skopeo copy oci-archive:` and `ctr images import` take it.
 *
 * Guarantees: the same input gives the same bytes, so the same digest.
 * Source: https://github.com/opencontainers/image-spec (image-layout.md, manifest.md, config.md).
 * An older docker reads manifest.json, which is beside them.
 */

import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type TarEntry, writeTar } from './writeTar.ts';

export interface Image {
  /** `zen-lead:0.1.0` */
  readonly name: string;
  readonly architecture: 'amd64' | 'arm64';
  readonly entrypoint: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** From the one that changes least to the one that changes most. */
  readonly layers: readonly (readonly TarEntry[])[];
  /** By default true. A compressed image is smaller, and takes longer to make. */
  readonly compress?: boolean;
}

/**
 * A number, because Kubernetes' runAsNonRoot cannot know what a name stands for. Distroless images
 * use 65532.
 */
const user = '65532:65532';

export function writeImage(image: Image): Buffer {
  const compress = image.compress ?? true;
  const layers = image.layers.map((entries) => {
    const tar = writeTar(entries);
    return { diffId: digest(tar), blob: toBlob(compress ? gzipSync(tar) : tar) };
  });
  const config = toBlob({
    architecture: image.architecture,
    os: 'linux',
    config: {
      User: user,
      Entrypoint: image.entrypoint,
      Env: Object.entries({ PATH: '/usr/local/bin:/bin', ...image.env }).map(([name, value]) => `${name}=${value}`),
      Labels: image.labels ?? {},
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
  });
  const layerType = `application/vnd.oci.image.layer.v1.tar${compress ? '+gzip' : ''}`;
  const manifest = toBlob({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: describe(config, 'application/vnd.oci.image.config.v1+json'),
    layers: layers.map(({ blob }) => describe(blob, layerType)),
  });
  const index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      {
        ...describe(manifest, 'application/vnd.oci.image.manifest.v1+json'),
        annotations: {
          'io.containerd.image.name': toFullName(image.name),
          'org.opencontainers.image.ref.name': image.name.split(':').at(-1),
        },
      },
    ],
  };
  const blobs = [...layers.map(({ blob }) => blob), config, manifest];
  const docker = [{ Config: config.path, RepoTags: [image.name], Layers: layers.map(({ blob }) => blob.path) }];
  return writeTar([
    toFile('oci-layout', { imageLayoutVersion: '1.0.0' }),
    toFile('index.json', index),
    toFile('manifest.json', docker),
    ...blobs.map(({ path, body }) => ({ path, body, mode: 0o644 })),
  ]);
}

interface Blob {
  readonly digest: string;
  readonly path: string;
  readonly body: Buffer;
}

function toBlob(content: Buffer | object): Blob {
  const body = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content));
  const name = digest(body);
  return { digest: name, path: `blobs/${name.replace(':', '/')}`, body };
}

function describe(blob: Blob, mediaType: string): object {
  return { mediaType, digest: blob.digest, size: blob.body.length };
}

function toFile(path: string, content: object): TarEntry {
  return { path, body: Buffer.from(JSON.stringify(content)), mode: 0o644 };
}

function digest(body: Buffer): string {
  return `sha256:${createHash('sha256').update(body).digest('hex')}`;
}

/** Returns the name as the CRI writes it. Without a registry it is one of Docker's library. */
function toFullName(name: string): string {
  const [first = '', ...rest] = name.split('/');
  if (rest.length === 0) return `docker.io/library/${name}`;
  return /[.:]|^localhost$/.test(first) ? name : `docker.io/${name}`;
}
