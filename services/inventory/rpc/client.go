package rpc

import (
	"context"

	"google.golang.org/grpc"

	"github.com/amends/amends/internal/rpc/wire"
	"github.com/amends/amends/services/inventory"
	pb "github.com/amends/amends/services/inventory/rpc/inventorypb"
)

// Client calls the service over a connection. Every call needs a deadline.
type Client struct{ remote pb.InventoryClient }

var _ inventory.Direct = (*Client)(nil)

// NewClient returns a client on conn.
func NewClient(conn grpc.ClientConnInterface) *Client { return &Client{pb.NewInventoryClient(conn)} }

// Stock implements [inventory.Direct].
func (c *Client) Stock(ctx context.Context, sku string) ([]inventory.Stock, error) {
	out, err := c.remote.GetStock(ctx, &pb.GetStockRequest{Sku: sku})
	if err != nil {
		return nil, err
	}
	all := make([]inventory.Stock, len(out.GetStock()))
	for i, st := range out.GetStock() {
		all[i] = fromStock(st)
	}
	return all, nil
}

// CheckStock implements [inventory.Direct].
func (c *Client) CheckStock(ctx context.Context, lines []inventory.Line) (inventory.Availability, error) {
	in := &pb.CheckStockRequest{}
	for _, l := range lines {
		in.Lines = append(in.Lines, &pb.CheckStockRequest_Line{Sku: l.SKU, Quantity: l.Quantity})
	}
	out, err := c.remote.CheckStock(ctx, in)
	if err != nil {
		return inventory.Availability{}, err
	}
	a := inventory.Availability{Lines: make([]inventory.LineAvailability, len(out.GetLines()))}
	for i, l := range out.GetLines() {
		a.Lines[i] = inventory.LineAvailability{SKU: l.GetSku(), Requested: l.GetRequested(), Available: l.GetAvailable()}
	}
	return a, nil
}

// Receive implements [inventory.Direct].
func (c *Client) Receive(ctx context.Context, d inventory.Delivery) (inventory.Stock, error) {
	out, err := c.remote.Receive(ctx, &pb.ReceiveRequest{
		Sku: d.SKU, Warehouse: d.Warehouse, Quantity: d.Quantity, Known: d.Known, By: d.By, Reference: d.Reference,
	})
	return fromStock(out.GetStock()), err
}

// Adjust implements [inventory.Direct].
func (c *Client) Adjust(ctx context.Context, a inventory.Adjustment) (inventory.Stock, bool, error) {
	out, err := c.remote.Adjust(ctx, &pb.AdjustRequest{
		Sku: a.SKU, Warehouse: a.Warehouse, Units: a.Units, Reason: a.Reason, By: a.By, Reference: a.Reference,
	})
	return fromStock(out.GetStock()), out.GetRepeated(), err
}

// Journal implements [inventory.Direct].
func (c *Client) Journal(ctx context.Context, sku string) ([]inventory.Entry, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in, err := c.remote.ReadJournal(ctx, &pb.ReadJournalRequest{Sku: sku})
	if err != nil {
		return nil, err
	}
	return wire.ReceiveParts(in, (*pb.ReadJournalResponse).GetEntries, fromEntry)
}

var kinds = wire.Set[inventory.EntryKind, pb.EntryKind]{
	inventory.Opening:    pb.EntryKind_ENTRY_KIND_OPENING,
	inventory.Delivered:  pb.EntryKind_ENTRY_KIND_DELIVERY,
	inventory.Correction: pb.EntryKind_ENTRY_KIND_CORRECTION,
	inventory.Returned:   pb.EntryKind_ENTRY_KIND_RETURN,
}

func toStock(s inventory.Stock) *pb.Stock {
	return &pb.Stock{
		Sku: s.SKU, Warehouse: s.Warehouse, Available: s.Available, Reserved: s.Reserved, Committed: s.Committed, Received: s.Received,
	}
}

func fromStock(s *pb.Stock) inventory.Stock {
	return inventory.Stock{
		SKU: s.GetSku(), Warehouse: s.GetWarehouse(), Available: s.GetAvailable(),
		Reserved: s.GetReserved(), Committed: s.GetCommitted(), Received: s.GetReceived(),
	}
}

func toEntry(e inventory.Entry) (*pb.Entry, error) {
	kind, err := kinds.Number(e.Kind)
	return &pb.Entry{
		Sku: e.SKU, Warehouse: e.Warehouse, Position: e.Position, Kind: kind, Units: e.Units,
		By: e.By, Reason: e.Reason, Reference: e.Reference, At: wire.Time(e.At),
	}, err
}

func fromEntry(e *pb.Entry) (inventory.Entry, error) {
	kind, err := kinds.Value(e.GetKind())
	return inventory.Entry{
		SKU: e.GetSku(), Warehouse: e.GetWarehouse(), Position: e.GetPosition(), Kind: kind, Units: e.GetUnits(),
		By: e.GetBy(), Reason: e.GetReason(), Reference: e.GetReference(), At: wire.FromTime(e.GetAt()),
	}, err
}
