{{/* Every name begins with the release's name, with the chart's in it. */}}
{{- define "zen-lead.name" -}}
{{- if contains "zen-lead" .Release.Name }}{{ .Release.Name | trunc 52 | trimSuffix "-" }}{{ else }}{{ printf "%s-zen-lead" .Release.Name | trunc 52 | trimSuffix "-" }}{{ end -}}
{{- end }}

{{/* The account that watches, and the account that writes. Mode one has a single one. */}}
{{- define "zen-lead.bridge" -}}
{{ include "zen-lead.name" . }}{{ if ne .Values.mode "one" }}-bridge{{ end }}
{{- end }}
{{- define "zen-lead.functions" -}}
{{ include "zen-lead.name" . }}{{ if ne .Values.mode "one" }}-functions{{ end }}
{{- end }}

{{/* The same of zen-flow. */}}
{{- define "zen-lead.flow" -}}
{{ include "zen-lead.name" . }}-flow
{{- end }}
{{- define "zen-lead.flowBridge" -}}
{{ include "zen-lead.flow" . }}{{ if ne .Values.mode "one" }}-bridge{{ end }}
{{- end }}
{{- define "zen-lead.flowFunctions" -}}
{{ include "zen-lead.flow" . }}{{ if ne .Values.mode "one" }}-functions{{ end }}
{{- end }}
{{- define "zen-lead.flowWebhook" -}}
{{ include "zen-lead.flow" . }}-webhook
{{- end }}

{{- define "zen-lead.image" -}}
{{- $tag := .Values.image.tag | default .Chart.AppVersion -}}
{{ .Values.image.repository }}{{ if hasPrefix "@" $tag }}{{ $tag }}{{ else }}:{{ $tag }}{{ end }}
{{- end }}

{{/*
Returns whether the API server has ValidatingAdmissionPolicies. Without one, as in `helm template`,
Helm knows no kinds, and the version decides: the kind came with 1.30.
*/}}
{{- define "zen-lead.hasPolicies" -}}
{{- $versions := .Capabilities.APIVersions -}}
{{- if $versions.Has "v1/Pod" -}}
{{- if $versions.Has "admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy" }}yes{{ end -}}
{{- else if semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version }}yes{{ end -}}
{{- end }}

{{/*
Takes the root. Limits what the API server asks of, or tells, zen-flow to the served namespaces.
Nothing where those are all.
*/}}
{{- define "zen-lead.namespaceSelector" -}}
{{- with include "zen-lead.namespaces" . | fromJsonArray }}
namespaceSelector:
  matchExpressions:
    - key: kubernetes.io/metadata.name
      operator: In
      values:
        {{- toYaml . | nindent 8 }}
{{- end }}
{{- end }}

{{/* Returns the served namespaces as a list in JSON. None is every namespace. */}}
{{- define "zen-lead.namespaces" -}}
{{- if and .Values.clusterWide .Values.namespaces }}{{ fail "clusterWide serves every namespace: leave `namespaces` empty, or clusterWide false" }}{{ end -}}
{{- $own := list .Release.Namespace -}}
{{- ternary (list) (.Values.namespaces | default $own) .Values.clusterWide | toJson -}}
{{- end }}

{{- define "zen-lead.labels" -}}
app.kubernetes.io/part-of: zen-lead
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{/* Every one of our containers gets this. The pod's part is apart, because Knative takes none. */}}
{{- define "zen-lead.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}
{{- define "zen-lead.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* Takes the name of the pods. */}}
{{- define "zen-lead.spread" -}}
{{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
- topologyKey: {{ . }}
  maxSkew: 1
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      app.kubernetes.io/name: {{ $ }}
{{- end }}
{{- end }}

{{/*
What a half has of its own. `zen-lead.placement`, `.podAnnotations` and `.tracesEgress` take its
values, such as .Values.bridge or .Values.flow.functions.
*/}}
{{- define "zen-lead.placement" -}}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- end }}
{{- define "zen-lead.podAnnotations" -}}
{{- with merge (include "zen-lead.configChecksum" . | fromYaml) .podAnnotations }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{/*
Settings of a half as a file: its arguments, which take a list of the root and the half's values, a
mount, a volume, which takes the half's name, and the part of the settings that needs a restart, as
an annotation, which takes its values. The file may give the log level, over which a flag would win.
*/}}
{{- define "zen-lead.settingsArgs" -}}
{{- $config := (last .).config }}
{{- if $config }}
- --config=/etc/zen-lead/zen-lead.yaml
{{- end }}
{{- if not (hasKey $config "log-level") }}
- {{ printf "--log-level=%s" (first .).Values.logLevel | quote }}
{{- end }}
{{- end }}
{{- define "zen-lead.configMount" -}}
- name: config
  mountPath: /etc/zen-lead
  readOnly: true
{{- end }}
{{- define "zen-lead.configVolume" -}}
- name: config
  configMap:
    name: {{ . }}-config
{{- end }}
{{- define "zen-lead.configChecksum" -}}
{{- with omit .config "log-level" }}
checksum/config: {{ toYaml . | sha256sum | trunc 16 | quote }}
{{- end }}
{{- end }}

{{/*
Flags that a bridge and a process of both halves share. Takes a list of the root, the half's values
and the name of the Lease.
*/}}
{{- define "zen-lead.watchArgs" -}}
{{- $root := first . }}
{{- $half := index . 1 -}}
- {{ printf "--cluster-name=%s" $root.Values.clusterName | quote }}
{{- include "zen-lead.settingsArgs" (list $root $half) }}
- --lease-name={{ last . }}
{{- range include "zen-lead.namespaces" $root | fromJsonArray }}
- {{ printf "--namespace=%s" . | quote }}
{{- end }}
{{- end }}

{{- define "zen-lead.functionsArgs" -}}
- functions
{{- include "zen-lead.settingsArgs" (list . .Values.functions) }}
- --trusted-sender=system:serviceaccount:{{ .Release.Namespace }}:{{ include "zen-lead.bridge" . }}
- {{ printf "--audience=%s" .Values.audience | quote }}
- {{ printf "--cluster-name=%s" .Values.clusterName | quote }}
{{- with .Values.eventsSink }}
- {{ printf "--events-sink=%s" . | quote }}
{{- end }}
{{- if .Values.verdicts.enabled }}
- --accept-verdicts
{{- end }}
{{- if .Values.scaleDown.enabled }}
- --scale-down
{{- end }}
{{- range .Values.functions.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end }}

{{- define "zen-lead.probes" -}}
readinessProbe:
  httpGet: { path: /readyz, port: {{ . }} }
  periodSeconds: 2
startupProbe:
  httpGet: { path: /livez, port: {{ . }} }
  periodSeconds: 1
  failureThreshold: 60
livenessProbe:
  httpGet: { path: /livez, port: {{ . }} }
  periodSeconds: 10
  timeoutSeconds: 5
{{- end }}

{{/* Every pod reaches DNS and the API server, by ports, because neither has a label that we know. */}}
{{- define "zen-lead.egress" -}}
- ports:
    {{- range .Values.networkPolicy.apiServerPorts }}
    - { port: {{ . }}, protocol: TCP }
    {{- end }}
- ports:
    - { port: 53, protocol: UDP }
    - { port: 53, protocol: TCP }
- to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: kube-system
      podSelector:
        matchLabels:
          k8s-app: kube-dns
{{- with .Values.networkPolicy.extraEgress }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Takes a URL; returns its port. */}}
{{- define "zen-lead.port" -}}
{{- $url := urlParse . -}}
{{- $port := regexFind "[0-9]+$" (regexFind ":[0-9]+$" $url.host) -}}
{{ $port | default (ternary "443" "80" (eq $url.scheme "https")) }}
{{- end }}

{{/*
Takes a sink, which may be empty, and the root. A policy may see the port of the sink's Service or
that of its pods.
*/}}
{{- define "zen-lead.sinkEgress" -}}
{{- if .sink }}
{{- $port := include "zen-lead.port" .sink | int }}
- ports:
    {{- range concat (list $port) (.root.Values.networkPolicy.sinkPodPorts | default list) | uniq }}
    - { port: {{ int . }}, protocol: TCP }
    {{- end }}
{{- end }}
{{- end }}

{{/* The extraEnv of a half may name a collector of traces. */}}
{{- define "zen-lead.tracesEgress" -}}
{{- $ports := list }}
{{- range .extraEnv }}
{{- if has .name (list "OTEL_EXPORTER_OTLP_ENDPOINT" "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") }}
{{- $ports = append $ports 4318 }}
{{- with .value }}
{{- $ports = append $ports (include "zen-lead.port" . | int) }}
{{- end }}
{{- end }}
{{- end }}
{{- with uniq $ports }}
- ports:
    {{- range . }}
    - { port: {{ . }}, protocol: TCP }
    {{- end }}
{{- end }}
{{- end }}
