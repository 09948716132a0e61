// Package rpc serves the facts that rows imply, and asks for them: see package implied.
package rpc

import (
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/implied"
	pb "github.com/amends/amends/event/implied/rpc/impliedpb"
	"github.com/amends/amends/fault"
)

// maxPart is the size of one message, in bytes of data: several below the largest, since a
// fact is not cut.
const maxPart = 1 << 20

// Register serves the facts of services on r, by their names.
func Register(r grpc.ServiceRegistrar, services map[string]implied.Source) {
	pb.RegisterOwnerServer(r, &server{services: services})
}

type server struct {
	pb.UnimplementedOwnerServer
	services map[string]implied.Source
}

func (s *server) ListFacts(in *pb.ListFactsRequest, out grpc.ServerStreamingServer[pb.ListFactsResponse]) error {
	source, known := s.services[in.GetService()]
	if !known {
		return fault.Errorf(fault.Business, fault.NotFound, "the service %.32q does not answer here", in.GetService())
	}
	p := implied.Page{Sagas: in.GetSagas(), After: in.GetAfter(), Limit: int(in.GetLimit())}
	if err := p.Check(); err != nil {
		return err
	}
	facts, next, err := source(out.Context(), p)
	if err != nil {
		return err
	}
	part, size := &pb.ListFactsResponse{}, 0
	for _, e := range facts {
		if size += len(e.Data); size > maxPart && len(part.GetFacts()) > 0 {
			if err := out.Send(part); err != nil {
				return err
			}
			part, size = &pb.ListFactsResponse{}, len(e.Data)
		}
		part.Facts = append(part.Facts, toFact(e))
	}
	part.Next = next
	return out.Send(part)
}

func toFact(e event.Event) *pb.Fact {
	return &pb.Fact{Type: e.Type, Key: e.Key, Sequence: e.Sequence, Time: timestamppb.New(e.Time), Data: e.Data}
}
