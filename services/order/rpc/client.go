package rpc

import (
	"context"
	"errors"

	"google.golang.org/grpc"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/rpc/wire"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/order/course"
	pb "github.com/amends/amends/services/order/rpc/orderpb"
)

// Client calls the service over a connection. Every call needs a deadline.
type Client struct{ remote pb.OrderClient }

var _ Service = (*Client)(nil)

// NewClient returns a client on conn.
func NewClient(conn grpc.ClientConnInterface) *Client { return &Client{pb.NewOrderClient(conn)} }

// Get implements [order.Direct].
func (c *Client) Get(ctx context.Context, id string) (order.Record, error) {
	out, err := c.remote.Get(ctx, &pb.GetRequest{Id: id})
	if err != nil {
		return order.Record{}, err
	}
	return fromRecord(out)
}

// Address implements [order.Direct].
func (c *Client) Address(ctx context.Context, id string) (order.Address, error) {
	out, err := c.remote.GetAddress(ctx, &pb.GetAddressRequest{Id: id})
	return fromAddress(out), err
}

func fromAddress(a *pb.GetAddressResponse) order.Address {
	return order.Address{
		Name: a.GetName(), Line1: a.GetLine1(), Line2: a.GetLine2(), City: a.GetCity(),
		PostalCode: a.GetPostalCode(), Region: a.GetRegion(), Country: a.GetCountry(),
	}
}

// KeepContact implements [order.Direct].
func (c *Client) KeepContact(ctx context.Context, id, fingerprint string, to order.Contact) error {
	_, err := c.remote.KeepContact(ctx, &pb.KeepContactRequest{
		Id: id, Fingerprint: fingerprint, Contact: &pb.Contact{Email: to.Email, Phone: to.Phone, Locale: to.Locale},
	})
	return err
}

// Contact implements [order.Direct].
func (c *Client) Contact(ctx context.Context, id string) (order.Contact, error) {
	out, err := c.remote.GetContact(ctx, &pb.GetContactRequest{Id: id})
	return fromContact(out.GetContact()), err
}

func fromContact(c *pb.Contact) order.Contact {
	return order.Contact{Email: c.GetEmail(), Phone: c.GetPhone(), Locale: c.GetLocale()}
}

// Destination implements [course.Parts].
func (c *Client) Destination(ctx context.Context, id string) (order.Address, error) {
	out, err := c.remote.GetDestination(ctx, &pb.GetDestinationRequest{Id: id})
	return fromAddress(out.GetAddress()), err
}

// Wanted implements [course.Parts].
func (c *Client) Wanted(ctx context.Context, id string) (course.Wanted, error) {
	out, err := c.remote.GetWanted(ctx, &pb.GetWantedRequest{Id: id})
	return course.Wanted{Currency: money.Currency(out.GetCurrency()), Lines: fromLines(out.GetLines())}, err
}

// Payable implements [course.Parts].
func (c *Client) Payable(ctx context.Context, id string) (course.Payable, error) {
	out, err := c.remote.GetPayable(ctx, &pb.GetPayableRequest{Id: id})
	p := course.Payable{Token: out.GetPaymentToken()}
	if out.GetTotal() != nil {
		p.Total = new(wire.FromAmount(out.GetTotal()))
	}
	return p, err
}

// Undecided implements [order.Direct].
func (c *Client) Undecided(ctx context.Context, customer string) (bool, error) {
	out, err := c.remote.CheckUndecided(ctx, &pb.CheckUndecidedRequest{CustomerId: customer})
	return out.GetUndecided(), err
}

// Erase implements [order.Direct].
func (c *Client) Erase(ctx context.Context, e order.Erasure) error {
	_, err := c.remote.Erase(ctx, &pb.EraseRequest{CustomerId: e.Customer, OrderId: e.Order, By: e.By, Reason: e.Reason})
	return err
}

var statuses = wire.Set[order.Status, pb.Status]{
	order.Pending:   pb.Status_STATUS_PENDING,
	order.Confirmed: pb.Status_STATUS_CONFIRMED,
	order.Cancelled: pb.Status_STATUS_CANCELLED,
}

var styles = wire.Set[order.Style, pb.Style]{
	"":                  pb.Style_STYLE_UNSPECIFIED,
	order.Orchestrated:  pb.Style_STYLE_ORCHESTRATED,
	order.Choreographed: pb.Style_STYLE_CHOREOGRAPHED,
}

var reasons = wire.Set[order.Reason, pb.Reason]{
	"":                     pb.Reason_REASON_UNSPECIFIED,
	order.UnknownSKU:       pb.Reason_REASON_UNKNOWN_SKU,
	order.CurrencyMismatch: pb.Reason_REASON_CURRENCY_MISMATCH,
	order.OutOfStock:       pb.Reason_REASON_OUT_OF_STOCK,
	order.PaymentDeclined:  pb.Reason_REASON_PAYMENT_DECLINED,
	order.Undeliverable:    pb.Reason_REASON_UNDELIVERABLE,
	order.CustomerRequest:  pb.Reason_REASON_CUSTOMER_REQUEST,
	order.Deadline:         pb.Reason_REASON_DEADLINE,
	order.Internal:         pb.Reason_REASON_INTERNAL,
}

func fromRecord(in *pb.GetResponse) (order.Record, error) {
	status, err1 := statuses.Value(in.GetStatus())
	reason, err2 := reasons.Value(in.GetReason())
	decided, err3 := reasons.Value(in.GetDecided())
	style, err4 := styles.Value(in.GetPlacement().GetStyle())
	progress, err5 := fromCourse(in.GetCourse())
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		return order.Record{}, err
	}
	r := order.Record{
		ID: in.GetId(), Version: in.GetVersion(), Status: status, Reason: reason, Decided: decided, DecidedAt: wire.FromTime(in.GetDecidedAt()),
		Placement: fromPlacement(in.GetPlacement()), View: in.GetView(), Attention: fromAttention(in.GetAttention()),
		NotedAt: wire.FromTime(in.GetNotedAt()), CreatedAt: wire.FromTime(in.GetCreatedAt()), UpdatedAt: wire.FromTime(in.GetUpdatedAt()),
		Refunded: in.GetRefunded(), Course: progress,
	}
	r.Placement.Style = style
	if in.GetTotal() != nil {
		r.Total = new(wire.FromAmount(in.GetTotal()))
	}
	for _, w := range in.GetWaivers() {
		r.Waivers = append(r.Waivers, ledger.Waiver{
			Step: w.GetStep(), Code: fault.Code(w.GetCode()), Owed: w.GetOwed(), Reason: w.GetReason(), Operator: w.GetOperator(),
			Reference: w.GetReference(), At: wire.FromTime(w.GetAt()),
		})
	}
	for _, p := range in.GetRepairs() {
		r.Repairs = append(r.Repairs, fromRepair(p))
	}
	for _, a := range in.GetAcknowledgements() {
		r.Acknowledgements = append(r.Acknowledgements, ledger.Acknowledgement{
			Flags: fromAttention(a.GetFlags()), Reason: a.GetReason(), Operator: a.GetOperator(), Reference: a.GetReference(),
			At: wire.FromTime(a.GetAt()), Request: a.GetRequest(),
		})
	}
	return r, nil
}

func fromPlacement(in *pb.Placement) order.Placement {
	return order.Placement{
		CustomerID: in.GetCustomerId(), Currency: money.Currency(in.GetCurrency()), Fingerprint: in.GetFingerprint(), Nonce: in.GetNonce(),
		PlacedAt: wire.FromTime(in.GetPlacedAt()), DecideBy: wire.FromTime(in.GetDecideBy()), Lines: fromLines(in.GetLines()),
	}
}

func fromLines(in []*pb.Placement_Line) (lines []order.Line) {
	for _, l := range in {
		lines = append(lines, order.Line{SKU: l.GetSku(), Quantity: l.GetQuantity()})
	}
	return lines
}

func fromAttention(in []*pb.Attention) (flags []ledger.Attention) {
	for _, f := range in {
		flags = append(flags, ledger.Attention{
			Step: f.GetStep(), Code: fault.Code(f.GetCode()), Kind: fault.Kind(f.GetKind()), Owed: f.GetOwed(),
			Since: wire.FromTime(f.GetSince()), Lasting: f.GetLasting(), Saga: f.GetSaga(),
		})
	}
	return flags
}
