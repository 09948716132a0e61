package e2e_test

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// tctlStyle writes a history as tctl's last version does: enums are named
// WorkflowExecutionStarted instead of EVENT_TYPE_WORKFLOW_EXECUTION_STARTED, and
// fields unknown to its older API are missing.
func tctlStyle(t *testing.T, history []byte) []byte {
	t.Helper()
	h, err := client.HistoryFromJSON(bytes.NewReader(history), client.HistoryJSONOptions{})
	require.NoError(t, err)
	forget(h.ProtoReflect())
	plain, err := temporalproto.CustomJSONMarshalOptions{}.Marshal(h)
	require.NoError(t, err)
	names := tctlNames()
	plain = regexp.MustCompile(`:\s*"[A-Z][A-Z0-9_]+"`).ReplaceAllFunc(plain, func(value []byte) []byte {
		if name, ok := names[strings.Trim(string(value), `: "`)]; ok {
			return []byte(`:"` + name + `"`)
		}
		return value
	})
	var out bytes.Buffer
	require.NoError(t, json.Indent(&out, plain, "", " "))
	return append(out.Bytes(), '\n')
}

// unknownToTctl are the fields that are younger than tctl.
var unknownToTctl = []protoreflect.Name{"workflow_id", "worker_version", "normal_name", "sdk_name", "sdk_version", "user_metadata"}

// forget clears the fields unknown to tctl, in m and below.
func forget(m protoreflect.Message) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case slices.Contains(unknownToTctl, f.Name()):
			m.Clear(f)
		case f.IsMap() || f.Message() == nil: // payloads and scalars
		case f.IsList():
			for i := range v.List().Len() {
				forget(v.List().Get(i).Message())
			}
		default:
			forget(v.Message())
		}
		return true
	})
}

// tctlNames maps every name of every enum of Temporal's API to tctl's.
func tctlNames() map[string]string {
	names := map[string]string{}
	protoregistry.GlobalFiles.RangeFilesByPackage("temporal.api.enums.v1", func(f protoreflect.FileDescriptor) bool {
		for i := range f.Enums().Len() {
			e := f.Enums().Get(i)
			for j := range e.Values().Len() {
				full := string(e.Values().Get(j).Name())
				rest := strings.TrimPrefix(full, screaming(string(e.Name()))+"_")
				var short strings.Builder
				for word := range strings.SplitSeq(rest, "_") {
					short.WriteString(word[:1] + strings.ToLower(word[1:]))
				}
				names[full] = short.String()
			}
		}
		return true
	})
	return names
}

// screaming turns EventType into EVENT_TYPE.
func screaming(name string) string {
	return strings.ToUpper(regexp.MustCompile(`([a-z0-9])([A-Z])`).ReplaceAllString(name, "${1}_$2"))
}

func TestTctlStyle(t *testing.T) {
	t.Parallel()

	cli, err := os.ReadFile(golden + "/confirmed.json")
	require.NoError(t, err)
	tctl, err := os.ReadFile(golden + "/confirmed.tctl.json")
	require.NoError(t, err)
	require.Equal(t, string(tctl), string(tctlStyle(t, cli)), "the two are the same history")
	require.Contains(t, string(tctl), `"eventType": "WorkflowExecutionUpdateAccepted"`)
	for _, absent := range []string{"EVENT_TYPE_", "TASK_QUEUE_KIND_", `"workflowId"`, `"userMetadata"`} {
		require.NotContains(t, string(tctl), absent)
	}
}
