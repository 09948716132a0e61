package rpc

import (
	"context"
	"errors"
	"io"
	"math"

	"google.golang.org/grpc"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/implied"
	pb "github.com/amends/amends/event/implied/rpc/impliedpb"
)

// NewClient returns the facts of a service that answers on conn. Every call needs a
// deadline.
func NewClient(conn grpc.ClientConnInterface, service string) implied.Source {
	remote := pb.NewOwnerClient(conn)
	return func(ctx context.Context, p implied.Page) (facts []event.Event, next string, err error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		limit := int32(max(math.MinInt32, min(p.Limit, math.MaxInt32)))
		in, err := remote.ListFacts(ctx, &pb.ListFactsRequest{Service: service, Sagas: p.Sagas, After: p.After, Limit: limit})
		if err != nil {
			return nil, "", err //nolint:wrapcheck // a fault
		}
		for {
			part, err := in.Recv()
			if errors.Is(err, io.EOF) {
				return facts, next, nil
			}
			if err != nil {
				return nil, "", err //nolint:wrapcheck // a fault
			}
			for _, f := range part.GetFacts() {
				facts = append(facts, event.Event{
					Type: f.GetType(), Key: f.GetKey(), Sequence: f.GetSequence(), Time: f.GetTime().AsTime(), Data: f.GetData(),
				})
			}
			next = part.GetNext()
		}
	}
}
