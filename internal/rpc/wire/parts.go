package wire

import (
	"errors"
	"io"
	"slices"

	"google.golang.org/grpc"
)

// perPart is the most items of one message of a list: the longest items of every contract
// fit into a message of 4 MiB, which is gRPC's limit.
const perPart = 100

// SendParts sends a list in messages, which part makes of items that to has mapped.
func SendParts[Item, To, Part any](
	out grpc.ServerStreamingServer[Part], all []Item, to func(Item) (To, error), part func([]To) *Part,
) error {
	for some := range slices.Chunk(all, perPart) {
		items, err := Each(some, to)
		if err != nil {
			return err
		}
		if err := out.Send(part(items)); err != nil {
			return err //nolint:wrapcheck // a status
		}
	}
	return nil
}

// ReceiveParts is the inverse of SendParts: of returns the items of a message. An empty list
// is not nil. After an error the caller must end the context of the call.
func ReceiveParts[From, Item, Part any](
	in grpc.ServerStreamingClient[Part], of func(*Part) []From, from func(From) (Item, error),
) ([]Item, error) {
	all := []Item{}
	for {
		part, err := in.Recv()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err //nolint:wrapcheck // a status
		}
		some, err := Each(of(part), from)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
}
