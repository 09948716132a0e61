package rpc_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/proof/rpctest"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/inventory"
	"github.com/amends/amends/services/inventory/rpc"
	pb "github.com/amends/amends/services/inventory/rpc/inventorypb"
	"github.com/amends/amends/services/inventory/store"
)

// The contract of [inventory.Direct] holds in the service's process and over a
// connection. Each body uses a SKU of its own.
func TestContract(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, store.Schema.Migrate, func(t *testing.T, db *gorm.DB) {
		s := store.New(db)
		reserved(t, s)
		remote := rpc.NewClient(rpctest.Connect(t, func(r grpc.ServiceRegistrar) { rpc.Register(r, s) }))
		for name, d := range map[string]inventory.Direct{"Store": s, "Client": remote} {
			t.Run(name, func(t *testing.T) { contract(t, d, name+"-") })
		}
	})
}

// reserved has a saga whose first reservation was released, and whose second one was sold and
// taken back, and another saga that holds one.
func reserved(t *testing.T, s inventory.Service) {
	t.Helper()
	ctx := t.Context()
	for _, d := range []inventory.Delivery{{SKU: "POT", Warehouse: "AMS", Quantity: 2}, {SKU: "POT", Warehouse: "BER", Quantity: 1}, {SKU: "KETTLE", Warehouse: "AMS", Quantity: 1}} {
		d.By = "ada"
		_, err := s.Receive(ctx, d)
		require.NoError(t, err)
	}
	wanted := inventory.ReserveRequest{Lines: []inventory.Line{{SKU: "POT", Quantity: 3}, {SKU: "KETTLE", Quantity: 1}}}
	first, second := key.New("s1", "inventory.reserve"), key.New("s1", "inventory.reserve_again")
	_, err := s.Reserve(ctx, first, wanted)
	require.NoError(t, err)
	require.NoError(t, s.Release(ctx, first))
	_, err = s.Reserve(ctx, second, wanted)
	require.NoError(t, err)
	_, err = s.Commit(ctx, key.New("s1", "inventory.commit"))
	require.NoError(t, err)
	_, err = s.TakeBack(ctx, key.New("s1", "inventory.take_back"))
	require.NoError(t, err)
	_, err = s.Reserve(ctx, key.New("s2", "inventory.reserve"), wanted)
	require.NoError(t, err)
}

func contract(t *testing.T, d inventory.Direct, own string) {
	ctx := rpctest.Context(t)
	mug, tea, never := own+"MUG", own+"TEE ä/%", own+"NEVER"
	receive := func(t *testing.T, sku, warehouse string, units int64) inventory.Stock {
		t.Helper()
		s, err := d.Receive(ctx, inventory.Delivery{SKU: sku, Warehouse: warehouse, Quantity: units, By: "ada"})
		require.NoError(t, err)
		return s
	}
	require.Equal(t, inventory.Stock{SKU: mug, Warehouse: "BER", Available: 7, Received: 7}, receive(t, mug, "BER", 7))
	receive(t, mug, "AMS", 5)
	receive(t, tea, "BER", 1)

	t.Run("ReceivesOnlyKnownNamesIfAsked", func(t *testing.T) {
		_, err := d.Receive(ctx, inventory.Delivery{SKU: never, Warehouse: "BER", Quantity: 1, Known: true, By: "ada"})
		requireRefusal(t, err, inventory.NeverReceived)
		_, err = d.Receive(ctx, inventory.Delivery{SKU: mug, Warehouse: "B R", Quantity: 1, By: "ada"})
		requireRefusal(t, err, fault.Invalid)
	})
	t.Run("ReturnsTheStockOfEveryWarehouse", func(t *testing.T) {
		all, err := d.Stock(ctx, mug)
		require.NoError(t, err)
		require.Equal(t, []inventory.Stock{
			{SKU: mug, Warehouse: "AMS", Available: 5, Received: 5}, {SKU: mug, Warehouse: "BER", Available: 7, Received: 7},
		}, all)
		all, err = d.Stock(ctx, never)
		require.NoError(t, err)
		require.Empty(t, all)
	})
	t.Run("ChecksLinesInTheirOrder", func(t *testing.T) {
		a, err := d.CheckStock(ctx, []inventory.Line{{SKU: never, Quantity: 1}, {SKU: mug, Quantity: 12}, {SKU: tea, Quantity: 2}})
		require.NoError(t, err)
		require.Equal(t, inventory.Availability{Lines: []inventory.LineAvailability{
			{SKU: never, Requested: 1}, {SKU: mug, Requested: 12, Available: 12}, {SKU: tea, Requested: 2, Available: 1},
		}}, a)
		require.False(t, a.Available())
		require.True(t, a.Lines[1].OK())
		a, err = d.CheckStock(ctx, []inventory.Line{{SKU: mug, Quantity: 12}, {SKU: tea, Quantity: 1}})
		require.NoError(t, err)
		require.True(t, a.Available())
	})
	t.Run("RefusesWrongLines", func(t *testing.T) {
		many := make([]inventory.Line, inventory.MaxLines+1)
		for i := range many {
			many[i] = inventory.Line{SKU: strings.Repeat("x", i+1), Quantity: 1}
		}
		for name, lines := range map[string][]inventory.Line{
			"None": nil, "TooMany": many, "Twice": {{SKU: mug, Quantity: 1}, {SKU: mug, Quantity: 1}},
			"NoSKU": {{Quantity: 1}}, "Nothing": {{SKU: mug}}, "Negative": {{SKU: mug, Quantity: -1}},
		} {
			_, err := d.CheckStock(ctx, lines)
			require.Equal(t, fault.Invalid, fault.CodeOf(err), name)
			require.Equal(t, fault.Business, fault.KindOf(err), name)
		}
	})
	t.Run("BooksACorrectionOnce", func(t *testing.T) {
		a := inventory.Adjustment{SKU: tea, Warehouse: "BER", Units: 3, Reason: "found", By: "ada", Reference: "count-1"}
		want := inventory.Stock{SKU: tea, Warehouse: "BER", Available: 4, Received: 4}
		for _, again := range []bool{false, true} {
			got, repeated, err := d.Adjust(ctx, a)
			require.NoError(t, err)
			require.Equal(t, again, repeated)
			require.Equal(t, want, got)
		}
		a.Units = 4
		_, _, err := d.Adjust(ctx, a)
		requireRefusal(t, err, fault.Mismatch)
		_, _, err = d.Adjust(ctx, inventory.Adjustment{SKU: tea, Warehouse: "BER", Units: -5, Reason: "gone", By: "ada"})
		requireRefusal(t, err, inventory.TooFew)
	})
	t.Run("ListsTheReservationsOfASaga", func(t *testing.T) {
		all, err := d.Reserved(ctx, "s1")
		require.NoError(t, err)
		require.Len(t, all, 2)
		for i, at := range []time.Time{all[0].CreatedAt, all[1].CreatedAt} {
			require.False(t, all[i].UpdatedAt.Before(at))
			require.WithinDuration(t, time.Now(), at, 10*time.Minute)
			all[i].CreatedAt, all[i].UpdatedAt = time.Time{}, time.Time{}
		}
		parcels := inventory.Reservation{Parcels: []inventory.Parcel{
			{Warehouse: "AMS", Lines: []inventory.Line{{SKU: "KETTLE", Quantity: 1}, {SKU: "POT", Quantity: 2}}},
			{Warehouse: "BER", Lines: []inventory.Line{{SKU: "POT", Quantity: 1}}},
		}}
		require.Equal(t, []inventory.Reserved{
			{Record: inventory.Record{Key: key.New("s1", "inventory.reserve"), State: inventory.Released, Reservation: parcels}},
			{Record: inventory.Record{Key: key.New("s1", "inventory.reserve_again"), State: inventory.Committed, Reservation: parcels}, TakenBack: true},
		}, all)
		held, err := d.Reserved(ctx, "s2")
		require.NoError(t, err)
		require.Len(t, held, 1)
		require.Equal(t, inventory.Held, held[0].State)
		require.False(t, held[0].TakenBack)
		none, err := d.Reserved(ctx, "another")
		require.NoError(t, err)
		require.Equal(t, []inventory.Reserved{}, none)
	})
	t.Run("ReadsTheJournal", func(t *testing.T) {
		entries, err := d.Journal(ctx, tea)
		require.NoError(t, err)
		require.Len(t, entries, 2)
		require.False(t, entries[1].At.IsZero())
		for i := range entries {
			entries[i].At = entries[0].At
		}
		require.Equal(t, []inventory.Entry{
			{SKU: tea, Warehouse: "BER", Position: 1, Kind: inventory.Delivered, Units: 1, By: "ada", At: entries[0].At},
			{SKU: tea, Warehouse: "BER", Position: 2, Kind: inventory.Correction, Units: 3, By: "ada", Reason: "found", Reference: "count-1", At: entries[0].At},
		}, entries)
		entries, err = d.Journal(ctx, never)
		require.NoError(t, err)
		require.Equal(t, []inventory.Entry{}, entries)
	})
}

func requireRefusal(t *testing.T, err error, code fault.Code) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, fault.Business, fault.KindOf(err))
	require.Equal(t, code, fault.CodeOf(err))
	require.NotEmpty(t, fault.Of(err).Message)
}

// fake has a journal that no message can carry as a whole.
type fake struct {
	inventory.Direct
	entries []inventory.Entry
}

func (f fake) Journal(context.Context, string) ([]inventory.Entry, error) { return f.entries, nil }

func (f fake) CheckStock(context.Context, []inventory.Line) (inventory.Availability, error) {
	return inventory.Availability{}, fault.Errorf(fault.Transient, fault.Locked, "later")
}

func connect(t *testing.T, d inventory.Direct) *rpc.Client {
	t.Helper()
	return rpc.NewClient(rpctest.Connect(t, func(r grpc.ServiceRegistrar) { rpc.Register(r, d) }))
}

func TestAJournalOfAnyLengthArrives(t *testing.T) {
	t.Parallel()
	f := fake{entries: make([]inventory.Entry, 5000)}
	for i := range f.entries {
		f.entries[i] = inventory.Entry{Position: int64(i), Kind: inventory.Correction, Reason: strings.Repeat("\U0001F9F0", 1000)}
	}
	got, err := connect(t, f).Journal(rpctest.Context(t), "MUG")
	require.NoError(t, err)
	require.Equal(t, f.entries, got)
}

func TestAKindThatTheContractLacksIsABug(t *testing.T) {
	t.Parallel()
	_, err := connect(t, fake{entries: []inventory.Entry{{Kind: "theft"}}}).Journal(rpctest.Context(t), "MUG")
	require.Equal(t, fault.Internal, fault.CodeOf(err))
	require.Equal(t, fault.Bug, fault.KindOf(err))
}

// keeper has a reservation in a state.
type keeper struct {
	inventory.Direct
	state inventory.State
}

func (k keeper) Reserved(context.Context, string) ([]inventory.Reserved, error) {
	return []inventory.Reserved{{Record: inventory.Record{State: k.state}}}, nil
}

func TestEveryStateOfAReservationIsInTheContractAndNoOther(t *testing.T) {
	t.Parallel()
	all := []inventory.State{inventory.Held, inventory.Released, inventory.Committed}
	require.Len(t, pb.ReservationState_name, len(all)+1)
	for _, s := range all {
		got, err := connect(t, keeper{state: s}).Reserved(rpctest.Context(t), "s")
		require.NoError(t, err)
		require.Equal(t, s, got[0].State)
	}
	_, err := connect(t, keeper{state: "lost"}).Reserved(rpctest.Context(t), "s")
	require.Equal(t, fault.Bug, fault.KindOf(err))
}

func TestACallNeedsADeadline(t *testing.T) {
	t.Parallel()
	c := connect(t, fake{})
	_, err := c.Journal(t.Context(), "MUG")
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
	_, err = c.Stock(t.Context(), "MUG")
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
}

func TestANameThatIsTooLongIsRefused(t *testing.T) {
	t.Parallel()
	c := connect(t, fake{})
	long := strings.Repeat("ä", 256)
	_, err := c.Stock(rpctest.Context(t), long)
	requireRefusal(t, err, fault.Invalid)
	require.EqualError(t, err, "INVALID: sku must have at most 255 characters")
	_, err = c.Journal(rpctest.Context(t), long)
	requireRefusal(t, err, fault.Invalid)
	_, err = c.Reserved(rpctest.Context(t), long)
	requireRefusal(t, err, fault.Invalid)
}

func TestAFaultKeepsItsKind(t *testing.T) {
	t.Parallel()
	_, err := connect(t, fake{}).CheckStock(rpctest.Context(t), nil)
	require.Equal(t, fault.Errorf(fault.Transient, fault.Locked, "later").Error(), fault.Of(err).Error())
	require.Equal(t, fault.Transient, fault.KindOf(err))
}
