package replay

import (
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
)

// BadExport is the error of a history that is not whole. It says nothing about the code:
// the tool that wrote the history is to blame, or its version.
type BadExport struct{ cause error }

// Error implements error.
func (b BadExport) Error() string { return b.cause.Error() }

// Unwrap returns why the history is not whole.
func (b BadExport) Unwrap() error { return b.cause }

// instead is advice for a bad export.
const instead = "export the run anew with `temporal workflow show -w ID -o json`, or replay it from the engine with --workflow-id"

// whole returns a [BadExport] for the first event that is missing or lacks its attributes.
//
// A tool leaves out the attributes of an event that is younger than the tool. tctl does so
// for the updates that a reset hands to the new run: the code then seems to do what the
// history does not have.
func whole(events []*historypb.HistoryEvent) error {
	for i, e := range events {
		switch id := int64(i) + 1; {
		case e.GetEventId() != id:
			return BadExport{fmt.Errorf("event %d is missing, event %d follows: %s", id, e.GetEventId(), instead)}
		case e.GetAttributes() == nil:
			return BadExport{fmt.Errorf("event %d, of type %d (%s), has no attributes: the tool that wrote it does not know this type; %s",
				id, e.GetEventType(), nameOf(e.GetEventType()), instead)}
		}
	}
	return nil
}

// nameOf names a type of events.
func nameOf(t enumspb.EventType) string {
	if _, known := enumspb.EventType_name[int32(t)]; !known {
		return "which this build does not know either"
	}
	return t.String()
}
