{{/* Labels of everything. */}}
{{- define "nexus.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{ include "nexus.selector" . }}
{{- end }}

{{/* What all pods of this release have in common, and no others have. */}}
{{- define "nexus.selector" -}}
app.kubernetes.io/part-of: nexus-cos
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "nexus.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* What every pod is, whatever runs in it. */}}
{{- define "nexus.pod" -}}
automountServiceAccountToken: false
# Variables for each Service of the namespace would be taken for settings.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
volumes:
  - name: scratch
    emptyDir: {medium: Memory, sizeLimit: 64Mi}
{{- end }}

{{/* What every container may do, and may not. */}}
{{- define "nexus.container" -}}
image: {{ include "nexus.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
volumeMounts:
  - {name: scratch, mountPath: /tmp}
{{- end }}

{{- define "nexus.environment" -}}
- {name: NEXUS_ENVIRONMENT, value: production}
- {name: NEXUS_HOST, value: "0.0.0.0"}
# Services find each other by the names of their Services.
- {name: NEXUS_SERVICE_HOST, value: "{service}"}
- {name: NEXUS_DRAIN_S, value: {{ .Values.drainSeconds | quote }}}
{{ include "nexus.secret" (list "NEXUS_DATABASE_URL" .Values.secrets.database) }}
{{ include "nexus.secret" (list "NEXUS_REDIS_URL" .Values.secrets.redis) }}
{{- range $name, $value := .Values.settings }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}

{{/* A variable from a Secret: its name, and where it is. */}}
{{- define "nexus.secret" -}}
- name: {{ index . 0 }}
  valueFrom:
    secretKeyRef: {name: {{ (index . 1).name | quote }}, key: {{ (index . 1).key | quote }}}
{{- end }}

{{/* How a service scales, as JSON: what is said of all, overridden by what is said of it. Beyond its partitions it
     grows only to the least number that is asked for: a worker without one still answers requests. */}}
{{- define "nexus.scaling" -}}
{{- $all := index . 0 -}}
{{- $service := index . 1 -}}
{{- $chosen := mergeOverwrite (deepCopy $all.autoscaling) ($service.autoscaling | default dict) -}}
{{- $least := int $chosen.minReplicas -}}
{{- $most := max $least (min (int $chosen.maxReplicas) (int $service.partitions)) -}}
{{- mergeOverwrite $chosen (dict "minReplicas" $least "maxReplicas" $most) | toJson -}}
{{- end }}

{{/* A path that probes ask. */}}
{{- define "nexus.probe" -}}
httpGet: {path: {{ . }}, port: http}
{{- end }}
