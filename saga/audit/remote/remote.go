// Package remote carries the doctor's questions to services that take no steps of sagas,
// and so poll no task queue. Questions and answers are JSON, as they are in the doctor's
// history: a process that passes one on need not know it.
package remote

import (
	"context"
	"encoding/json"

	"google.golang.org/grpc"

	"github.com/amends/amends/fault"
	pb "github.com/amends/amends/saga/audit/remote/remotepb"
)

// Questions are those that services answer, by name.
type Questions map[string]func(ctx context.Context, argument json.RawMessage) (json.RawMessage, error)

// Ask asks the question of a name. It refuses with NOT_FOUND one that is not known here.
func (q Questions) Ask(ctx context.Context, question string, argument json.RawMessage) (json.RawMessage, error) {
	answer, known := q[question]
	if !known {
		return nil, fault.Errorf(fault.Business, fault.NotFound, "the question %.64q is not answered here", question)
	}
	return answer(ctx, argument)
}

// Add adds the question of a name, which f answers.
func Add[In, Out any](q Questions, name string, f func(context.Context, In) (Out, error)) {
	q[name] = func(ctx context.Context, argument json.RawMessage) (json.RawMessage, error) {
		var in In
		if err := json.Unmarshal(argument, &in); err != nil {
			return nil, fault.Errorf(fault.Bug, fault.Invalid, "question %s: its argument: %w", name, err)
		}
		out, err := f(ctx, in)
		if err != nil {
			return nil, err
		}
		answer, err := json.Marshal(out)
		if err != nil {
			return nil, fault.Errorf(fault.Bug, fault.Internal, "question %s: its answer: %w", name, err)
		}
		return answer, nil
	}
}

// Register serves q on r.
func Register(r grpc.ServiceRegistrar, q Questions) {
	pb.RegisterAuditorServer(r, &server{questions: q})
}

type server struct {
	pb.UnimplementedAuditorServer
	questions Questions
}

func (s *server) Ask(ctx context.Context, in *pb.AskRequest) (*pb.AskResponse, error) {
	answer, err := s.questions.Ask(ctx, in.GetQuestion(), in.GetArgument())
	if err != nil {
		return nil, err
	}
	return &pb.AskResponse{Answer: answer}, nil
}

// Client asks the services that answer on a connection. Every call needs a deadline.
type Client struct{ remote pb.AuditorClient }

// NewClient returns a client on conn.
func NewClient(conn grpc.ClientConnInterface) Client { return Client{pb.NewAuditorClient(conn)} }

// Ask is [Questions.Ask] of the service.
func (c Client) Ask(ctx context.Context, question string, argument json.RawMessage) (json.RawMessage, error) {
	out, err := c.remote.Ask(ctx, &pb.AskRequest{Question: question, Argument: argument})
	return out.GetAnswer(), err //nolint:wrapcheck // a fault
}
