{{- define "amends.fullname" -}}
{{- if contains "amends" .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-amends" (.Release.Name | trunc 33 | trimSuffix "-") }}{{ end }}
{{- end }}

{{/* The labels that select the pods of a process: of (list $ name). They never change. */}}
{{- define "amends.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: amends
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "amends.labels" -}}
{{- $root := index . 0 -}}
{{ include "amends.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version }}
{{- end }}

{{- define "amends.image" -}}
{{- with .Values.image -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end -}}
{{- end -}}
{{- end }}

{{/* The settings of a process, its defaults included: of (list $ name), as YAML. */}}
{{- define "amends.process" -}}
{{- $root := index . 0 -}}
{{- $own := index $root.Values.processes (index . 1) | default dict -}}
{{- mustMergeOverwrite (deepCopy $root.Values.defaults) (deepCopy $own) | toYaml -}}
{{- end }}

{{/* Nine tenths of a limit of memory in Mi or Gi, as Go writes it; empty for any other one. */}}
{{- define "amends.goMemory" -}}
{{- if hasSuffix "Mi" . }}{{ div (mul (trimSuffix "Mi" . | atoi) 9) 10 }}MiB
{{- else if hasSuffix "Gi" . }}{{ div (mul (trimSuffix "Gi" . | atoi) 1024 9) 10 }}MiB
{{- end -}}
{{- end }}

{{- define "amends.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "amends.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* The volume with settings.yaml of (list $ name). */}}
{{- define "amends.secretVolume" -}}
- name: secrets
  secret:
    secretName: {{ include "amends.fullname" (index . 0) }}-{{ index . 1 }}
    defaultMode: 0440
    items:
      - key: settings.yaml
        path: settings.yaml
{{- end }}
