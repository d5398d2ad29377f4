/**
 * Describes how to reach one API server and which credentials to send.
 */

export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** False only for `insecure-skip-tls-verify: true`. */
  readonly rejectUnauthorized?: boolean;
  /** `tls-server-name`: the name to verify instead of the URL's host. */
  readonly servername?: string;
}

export interface Credentials {
  /** Authorization, and Impersonate-User where the kubeconfig says so. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsMaterial;
}

export interface ClusterAccess {
  /** `https://host:port`, with a path where the API server lives under one; no slash at the end. */
  readonly server: string;
  /** For messages: the kubeconfig's path and context, or `service account`. */
  readonly origin: string;
  /** The context's or the pod's own namespace, where there is one. */
  readonly namespace?: string;
  /**
   * Reads token, certificate and CA. `afresh` says that the API server refused the previous ones,
   * so no cache may answer. Rejects with `CONFIG_INVALID`, which names the file.
   */
  readCredentials(afresh: boolean): Promise<Credentials>;
}
