package continued_test

import (
	"fmt"

	commandpb "go.temporal.io/api/command/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	protocolpb "go.temporal.io/api/protocol/v1"
	updatepb "go.temporal.io/api/update/v1"
	"go.temporal.io/api/workflowservice/v1"
)

// completed writes the events of a workflow task: its own, and those of the
// workflow's commands.
func (e *engine) completed(scheduled, started int64, r *workflowservice.RespondWorkflowTaskCompletedRequest, delivered map[string]*updatepb.Request) error {
	task := e.add(&historypb.HistoryEvent{
		EventType: enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
		Attributes: &historypb.HistoryEvent_WorkflowTaskCompletedEventAttributes{
			WorkflowTaskCompletedEventAttributes: &historypb.WorkflowTaskCompletedEventAttributes{
				ScheduledEventId: scheduled, StartedEventId: started, SdkMetadata: r.GetSdkMetadata(),
			},
		},
	})
	messages := map[string]*protocolpb.Message{}
	for _, m := range r.GetMessages() {
		messages[m.GetId()] = m
		if err := e.rejected(m); err != nil {
			return err
		}
	}
	for _, c := range r.GetCommands() {
		if e.closed {
			return fmt.Errorf("%s after the end", c.GetCommandType())
		}
		var err error
		if c.GetCommandType() == enumspb.COMMAND_TYPE_PROTOCOL_MESSAGE {
			err = e.message(messages[c.GetProtocolMessageCommandAttributes().GetMessageId()], delivered)
		} else {
			err = e.command(task, c)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// command writes the event of a command.
func (e *engine) command(task int64, c *commandpb.Command) error {
	event := &historypb.HistoryEvent{UserMetadata: c.GetUserMetadata()}
	switch c.GetCommandType() {
	case enumspb.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK:
		a := c.GetScheduleActivityTaskCommandAttributes()
		event.EventType = enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
		event.Attributes = &historypb.HistoryEvent_ActivityTaskScheduledEventAttributes{
			ActivityTaskScheduledEventAttributes: &historypb.ActivityTaskScheduledEventAttributes{
				ActivityId: a.GetActivityId(), ActivityType: a.GetActivityType(), TaskQueue: a.GetTaskQueue(), Header: a.GetHeader(),
				Input: a.GetInput(), ScheduleToCloseTimeout: a.GetScheduleToCloseTimeout(), ScheduleToStartTimeout: a.GetScheduleToStartTimeout(),
				StartToCloseTimeout: a.GetStartToCloseTimeout(), HeartbeatTimeout: a.GetHeartbeatTimeout(), RetryPolicy: a.GetRetryPolicy(),
				WorkflowTaskCompletedEventId: task,
			},
		}
	case enumspb.COMMAND_TYPE_REQUEST_CANCEL_ACTIVITY_TASK:
		of := c.GetRequestCancelActivityTaskCommandAttributes().GetScheduledEventId()
		a, ok := e.activities[of]
		if !ok {
			return nil // it ended meanwhile
		}
		event.EventType = enumspb.EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED
		event.Attributes = &historypb.HistoryEvent_ActivityTaskCancelRequestedEventAttributes{
			ActivityTaskCancelRequestedEventAttributes: &historypb.ActivityTaskCancelRequestedEventAttributes{
				ScheduledEventId: of, WorkflowTaskCompletedEventId: task,
			},
		}
		e.add(event)
		e.cancel(a)
		return nil
	case enumspb.COMMAND_TYPE_START_TIMER:
		a := c.GetStartTimerCommandAttributes()
		event.EventType = enumspb.EVENT_TYPE_TIMER_STARTED
		event.Attributes = &historypb.HistoryEvent_TimerStartedEventAttributes{
			TimerStartedEventAttributes: &historypb.TimerStartedEventAttributes{
				TimerId: a.GetTimerId(), StartToFireTimeout: a.GetStartToFireTimeout(), WorkflowTaskCompletedEventId: task,
			},
		}
	case enumspb.COMMAND_TYPE_CANCEL_TIMER:
		id := c.GetCancelTimerCommandAttributes().GetTimerId()
		var of int64
		for _, t := range e.timers {
			if t.id == id {
				of = t.event
			}
		}
		if of == 0 {
			return fmt.Errorf("no timer %s", id)
		}
		event.EventType = enumspb.EVENT_TYPE_TIMER_CANCELED
		event.Attributes = &historypb.HistoryEvent_TimerCanceledEventAttributes{
			TimerCanceledEventAttributes: &historypb.TimerCanceledEventAttributes{
				TimerId: id, StartedEventId: of, WorkflowTaskCompletedEventId: task,
			},
		}
	case enumspb.COMMAND_TYPE_RECORD_MARKER:
		a := c.GetRecordMarkerCommandAttributes()
		event.EventType = enumspb.EVENT_TYPE_MARKER_RECORDED
		event.Attributes = &historypb.HistoryEvent_MarkerRecordedEventAttributes{
			MarkerRecordedEventAttributes: &historypb.MarkerRecordedEventAttributes{
				MarkerName: a.GetMarkerName(), Details: a.GetDetails(), Header: a.GetHeader(), Failure: a.GetFailure(),
				WorkflowTaskCompletedEventId: task,
			},
		}
	case enumspb.COMMAND_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
		event.EventType = enumspb.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES
		event.Attributes = &historypb.HistoryEvent_UpsertWorkflowSearchAttributesEventAttributes{
			UpsertWorkflowSearchAttributesEventAttributes: &historypb.UpsertWorkflowSearchAttributesEventAttributes{
				SearchAttributes:             c.GetUpsertWorkflowSearchAttributesCommandAttributes().GetSearchAttributes(),
				WorkflowTaskCompletedEventId: task,
			},
		}
	case enumspb.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION:
		event.EventType = enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED
		event.Attributes = &historypb.HistoryEvent_WorkflowExecutionCompletedEventAttributes{
			WorkflowExecutionCompletedEventAttributes: &historypb.WorkflowExecutionCompletedEventAttributes{
				Result: c.GetCompleteWorkflowExecutionCommandAttributes().GetResult(), WorkflowTaskCompletedEventId: task,
			},
		}
	default:
		// Above all: a saga never fails, is never canceled and never continues as
		// new.
		return fmt.Errorf("the workflow makes a command that no saga makes: %s", c.GetCommandType())
	}
	e.add(event)
	return nil
}

// message writes the event of an update's progress.
func (e *engine) message(m *protocolpb.Message, delivered map[string]*updatepb.Request) error {
	body, err := m.GetBody().UnmarshalNew()
	if err != nil {
		return err
	}
	id := m.GetProtocolInstanceId()
	switch body := body.(type) {
	case *updatepb.Acceptance:
		e.add(&historypb.HistoryEvent{
			EventType: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
			Attributes: &historypb.HistoryEvent_WorkflowExecutionUpdateAcceptedEventAttributes{
				WorkflowExecutionUpdateAcceptedEventAttributes: &historypb.WorkflowExecutionUpdateAcceptedEventAttributes{
					ProtocolInstanceId: id, AcceptedRequestMessageId: body.GetAcceptedRequestMessageId(),
					AcceptedRequestSequencingEventId: body.GetAcceptedRequestSequencingEventId(),
					AcceptedRequest:                  delivered[id], // nil if the history has it as admitted
				},
			},
		})
	case *updatepb.Response:
		e.outcomes[id] = &proposal{outcome: body.GetOutcome()}
		e.add(&historypb.HistoryEvent{
			EventType: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED,
			Attributes: &historypb.HistoryEvent_WorkflowExecutionUpdateCompletedEventAttributes{
				WorkflowExecutionUpdateCompletedEventAttributes: &historypb.WorkflowExecutionUpdateCompletedEventAttributes{
					Meta: &updatepb.Meta{UpdateId: id}, AcceptedEventId: e.accepted[id].event, Outcome: body.GetOutcome(),
				},
			},
		})
	default:
		return fmt.Errorf("a message that no update has: %T", body)
	}
	return nil
}

// rejected records a refused update, which leaves no event.
func (e *engine) rejected(m *protocolpb.Message) error {
	if !m.GetBody().MessageIs(&updatepb.Rejection{}) {
		return nil
	}
	var body updatepb.Rejection
	if err := m.GetBody().UnmarshalTo(&body); err != nil {
		return err
	}
	e.outcomes[m.GetProtocolInstanceId()] = &proposal{
		rejected: true, outcome: &updatepb.Outcome{Value: &updatepb.Outcome_Failure{Failure: body.GetFailure()}},
	}
	return nil
}
