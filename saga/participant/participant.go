// Package participant serves the steps of a process to callers in other processes. Steps
// have names, and inputs and outputs are JSON, so that a service adds nothing for a step:
// [Register] serves every step that is bound on a [saga.Steps], and [Client] has the same
// methods as it.
//
// Errors travel as faults if both sides are of package rpc.
package participant

import (
	"context"

	"google.golang.org/grpc"

	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/participant/participantpb"
)

// Register serves the steps.
func Register(on grpc.ServiceRegistrar, steps *saga.Steps) {
	participantpb.RegisterParticipantServer(on, server{steps: steps})
}

type server struct {
	participantpb.UnimplementedParticipantServer

	steps *saga.Steps
}

// named is a request that names a step of a saga.
type named interface {
	GetSaga() string
	GetStep() string
	GetGeneration() int64
}

func keyOf(in named) saga.Key {
	return saga.Key{Saga: in.GetSaga(), Step: in.GetStep(), Generation: int(in.GetGeneration())}
}

// Do implements the contract.
func (s server) Do(ctx context.Context, in *participantpb.DoRequest) (*participantpb.DoResponse, error) {
	output, err := s.steps.Do(ctx, keyOf(in), in.GetInput())
	return &participantpb.DoResponse{Output: output}, err //nolint:wrapcheck // it is the step's
}

// Undo implements the contract.
func (s server) Undo(ctx context.Context, in *participantpb.UndoRequest) (*participantpb.UndoResponse, error) {
	return &participantpb.UndoResponse{}, s.steps.Undo(ctx, keyOf(in)) //nolint:wrapcheck // it is the step's
}

// Settle implements the contract.
func (s server) Settle(ctx context.Context, in *participantpb.SettleRequest) (*participantpb.SettleResponse, error) {
	output, happened, err := s.steps.Settle(ctx, keyOf(in))
	return &participantpb.SettleResponse{Output: output, Happened: happened}, err //nolint:wrapcheck // it is the step's
}

// Client calls the steps of another process. Its methods are those of [saga.Steps]; the
// key names the step.
type Client struct {
	calls participantpb.ParticipantClient
}

// NewClient returns a client that calls over conn.
func NewClient(conn grpc.ClientConnInterface) Client {
	return Client{participantpb.NewParticipantClient(conn)}
}

// Do is [saga.Steps.Do].
func (c Client) Do(ctx context.Context, k saga.Key, input []byte) (output []byte, err error) {
	out, err := c.calls.Do(ctx, &participantpb.DoRequest{Saga: k.Saga, Step: k.Step, Generation: int64(k.Generation), Input: input})
	return out.GetOutput(), err //nolint:wrapcheck // it is the step's
}

// Undo is [saga.Steps.Undo].
func (c Client) Undo(ctx context.Context, k saga.Key) error {
	_, err := c.calls.Undo(ctx, &participantpb.UndoRequest{Saga: k.Saga, Step: k.Step, Generation: int64(k.Generation)})
	return err //nolint:wrapcheck // it is the step's
}

// Settle is [saga.Steps.Settle].
func (c Client) Settle(ctx context.Context, k saga.Key) (output []byte, happened bool, err error) {
	out, err := c.calls.Settle(ctx, &participantpb.SettleRequest{Saga: k.Saga, Step: k.Step, Generation: int64(k.Generation)})
	return out.GetOutput(), out.GetHappened(), err //nolint:wrapcheck // it is the step's
}
