package rpc

import (
	"errors"

	"github.com/amends/amends/internal/rpc/wire"
	"github.com/amends/amends/services/support"
	pb "github.com/amends/amends/services/support/rpc/supportpb"
)

// The empty state is that of a filter.
var states = wire.Set[support.State, pb.State]{
	"": pb.State_STATE_UNSPECIFIED, support.Open: pb.State_STATE_OPEN, support.Answered: pb.State_STATE_ANSWERED,
	support.Closed: pb.State_STATE_CLOSED,
}

var sides = wire.Set[support.Side, pb.Side]{support.Customer: pb.Side_SIDE_CUSTOMER, support.Staff: pb.Side_SIDE_SUPPORT}

func toAuthor(a support.Author) (*pb.Author, error) {
	side, err := sides.Number(a.Side)
	return &pb.Author{Side: side, Id: a.ID}, err
}

func fromAuthor(a *pb.Author) (support.Author, error) {
	side, err := sides.Value(a.GetSide())
	return support.Author{Side: side, ID: a.GetId()}, err
}

func toCommand(c support.Command) (*pb.Command, error) {
	by, err := toAuthor(c.Author)
	return &pb.Command{Case: c.Case, Order: c.Order, Key: c.Key, Author: by}, err
}

func fromCommand(c *pb.Command) (support.Command, error) {
	by, err := fromAuthor(c.GetAuthor())
	return support.Command{Case: c.GetCase(), Order: c.GetOrder(), Key: c.GetKey(), Author: by}, err
}

func toMessage(m support.Message) (*pb.Message, error) {
	by, err := toAuthor(m.Author)
	return &pb.Message{Author: by, Text: m.Text, At: wire.Time(m.At)}, err
}

func fromMessage(m *pb.Message) (support.Message, error) {
	by, err := fromAuthor(m.GetAuthor())
	return support.Message{Author: by, Text: m.GetText(), At: wire.FromTime(m.GetAt())}, err
}

func toCase(c support.Case) (*pb.Case, error) {
	state, err1 := states.Number(c.State)
	messages, err2 := wire.Each(c.Messages, toMessage)
	return &pb.Case{
		Id: c.ID, Order: c.Order, Customer: c.Customer, Subject: c.Subject, State: state, Assignee: c.Assignee,
		CreatedAt: wire.Time(c.CreatedAt), UpdatedAt: wire.Time(c.UpdatedAt), Messages: messages,
	}, errors.Join(err1, err2)
}

func fromCase(c *pb.Case) (support.Case, error) {
	state, err1 := states.Value(c.GetState())
	messages, err2 := wire.Each(c.GetMessages(), fromMessage)
	return support.Case{
		ID: c.GetId(), Order: c.GetOrder(), Customer: c.GetCustomer(), Subject: c.GetSubject(), State: state, Assignee: c.GetAssignee(),
		CreatedAt: wire.FromTime(c.GetCreatedAt()), UpdatedAt: wire.FromTime(c.GetUpdatedAt()), Messages: messages,
	}, errors.Join(err1, err2)
}
