package rows

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/services/query/store/search"
	"github.com/amends/amends/services/query/words"
)

// Order is a row of an order.
type Order struct {
	Generation int64  `gorm:"primaryKey;autoIncrement:false"`
	ID         string `gorm:"primaryKey"`
	Seq        int64
	CustomerID string
	Account    string
	Status     string
	Reason     string
	Style      string
	Attention  bool
	Version    int64
	View       string // JSON of [query.Order]
	Words      string // a space before each
}

// TableName is for GORM.
func (Order) TableName() string { return "orders" }

// Line is a row of a SKU that an order has a line of.
type Line struct {
	Generation int64  `gorm:"primaryKey;autoIncrement:false"`
	SKU        string `gorm:"column:sku;primaryKey"`
	Seq        int64  `gorm:"primaryKey;autoIncrement:false"`
}

// TableName is for GORM.
func (Line) TableName() string { return "order_lines" }

// newest returns the change of the highest version of each key, in the order of the keys.
func newest(changes []query.Change, key func(query.Change) (string, bool)) (keys []string, of map[string]query.Change) {
	of = map[string]query.Change{}
	for _, c := range changes {
		k, ok := key(c)
		if !ok {
			continue
		}
		have, known := of[k]
		if !known {
			keys = append(keys, k)
		}
		if !known || c.Version > have.Version {
			of[k] = c
		}
	}
	slices.Sort(keys)
	return keys, of
}

// orders writes the orders of changes that are newer than the rows.
func (w writer) orders(changes []query.Change) error {
	ids, of := newest(changes, func(c query.Change) (string, bool) {
		if c.Order == nil {
			return "", false
		}
		return c.Order.ID, true
	})
	if len(ids) == 0 {
		return nil
	}
	have, err := w.known(ids)
	if err != nil {
		return err
	}
	if err := w.place(have, ids, of); err != nil {
		return err
	}
	var rows []Order
	var lines []Line
	var found []search.Row
	for _, id := range ids {
		c := of[id]
		if have[id].Version >= c.Version {
			continue
		}
		seq := have[id].Seq
		view, err := json.Marshal(c.Order)
		if err != nil {
			return fault.Errorf(fault.Bug, fault.Internal, "order %s: its view: %w", id, err)
		}
		o := c.Order
		wanted := orderWords(*o)
		rows = append(rows, Order{
			w.generation, id, seq, o.CustomerID, o.Account, string(o.Status), o.Reason, o.Style, o.NeedsAttention(), c.Version, string(view), " " + strings.Join(wanted, " "),
		})
		for _, l := range o.Lines {
			lines = append(lines, Line{w.generation, l.SKU, seq})
		}
		found = append(found, search.Row{Seq: seq, Words: wanted})
	}
	if len(rows) == 0 {
		return nil
	}
	err = upsert(w.tx, rows, []string{"generation", "id"}, []string{"status", "reason", "style", "attention", "version", "view", "words"})
	if err != nil {
		return fmt.Errorf("write orders: %w", err)
	}
	if err := upsert(w.tx, lines, []string{"generation", "sku", "seq"}, nil); err != nil {
		return fmt.Errorf("write the lines of orders: %w", err)
	}
	return search.Orders.Put(w.tx, w.generation, found) //nolint:wrapcheck // it names the operation
}

// known returns the rows of orders without their views, by id.
func (w writer) known(ids []string) (map[string]Order, error) {
	var rows []Order
	err := w.tx.Select("id", "seq", "version").Where("generation = ? AND id IN ?", w.generation, ids).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read the versions of orders: %w", err)
	}
	have := make(map[string]Order, len(rows))
	for _, r := range rows {
		have[r.ID] = r
	}
	return have, nil
}

// place adds the orders that are new to have, each with a seq of its own.
func (w writer) place(have map[string]Order, ids []string, of map[string]query.Change) error {
	var wanted []int64
	for _, id := range ids {
		if _, known := have[id]; !known {
			// Behind it are those that an equal seq has moved, which are rare.
			seq := seqOf(id, of[id].Order.CreatedAt)
			wanted = append(wanted, seq)
			have[id] = Order{ID: id, Seq: seq}
		}
	}
	taken := map[int64]bool{}
	for len(wanted) > 0 {
		var used []int64
		err := w.tx.Table("orders").Where("generation = ? AND seq IN ?", w.generation, wanted).Pluck("seq", &used).Error
		if err != nil {
			return fmt.Errorf("place orders: %w", err)
		}
		for _, n := range used {
			taken[n] = true
		}
		wanted = nil
		mine := map[int64]bool{}
		for _, id := range ids {
			r := have[id]
			if r.Version > 0 {
				continue // it has its row
			}
			all := func(n int64) bool { return taken[n] || mine[n] }
			if seq := unused(r.Seq, all); seq != r.Seq {
				r.Seq = seq
				have[id] = r
				wanted = append(wanted, seq)
			}
			mine[r.Seq] = true
		}
	}
	return nil
}

// entryKey tells the entries of an order apart.
type entryKey struct {
	OrderID, Fact, Step string
	Round               int
}

// Entry is a row of a timeline.
type Entry struct {
	Generation int64  `gorm:"primaryKey;autoIncrement:false"`
	OrderID    string `gorm:"primaryKey"`
	Number     int64  `gorm:"primaryKey;autoIncrement:false"`
	Fact       string
	Step       string
	Round      int
	Data       string // JSON of [query.Step]
	At         time.Time
	Ends       bool
}

// TableName is for GORM.
func (Entry) TableName() string { return "timeline" }

func (r Entry) key() entryKey { return entryKey{r.OrderID, r.Fact, r.Step, r.Round} }

// entries adds the entries of changes that the timelines do not have.
func (w writer) entries(changes []query.Change) error {
	var ids []string
	for _, c := range changes {
		if c.Entry != nil && !slices.Contains(ids, c.Entry.OrderID) {
			ids = append(ids, c.Entry.OrderID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var rows []Entry
	err := w.tx.Select("order_id", "number", "fact", "step", "round").Where("generation = ? AND order_id IN ?", w.generation, ids).Find(&rows).Error
	if err != nil {
		return fmt.Errorf("read timelines: %w", err)
	}
	have, last := map[entryKey]bool{}, map[string]int64{}
	for _, r := range rows {
		have[r.key()], last[r.OrderID] = true, max(last[r.OrderID], r.Number)
	}
	rows = nil
	for _, e := range inOrder(changes) {
		data, err := json.Marshal(e.Step)
		if err != nil {
			return fault.Errorf(fault.Bug, fault.Internal, "order %s: an entry: %w", e.OrderID, err)
		}
		r := Entry{
			Generation: w.generation, OrderID: e.OrderID, Fact: e.Fact, Step: e.Step.Name, Round: e.Round,
			Data: string(data), At: e.At.UTC().Truncate(time.Microsecond), Ends: e.Ends,
		}
		if have[r.key()] {
			continue
		}
		last[r.OrderID]++
		have[r.key()], r.Number = true, last[r.OrderID]
		rows = append(rows, r)
	}
	if err := upsert(w.tx, rows, []string{"generation", "order_id", "number"}, nil); err != nil {
		return fmt.Errorf("write timelines: %w", err)
	}
	return nil
}

// inOrder returns the entries of changes by their times, those that end an order last:
// services are heard in any order.
func inOrder(changes []query.Change) (all []*query.NewEntry) {
	for _, c := range changes {
		if c.Entry != nil {
			all = append(all, c.Entry)
		}
	}
	slices.SortStableFunc(all, func(a, b *query.NewEntry) int {
		if a.Ends != b.Ends {
			if a.Ends {
				return 1
			}
			return -1
		}
		return a.At.Compare(b.At)
	})
	return all
}

// orderWords returns the words by which an order is found.
func orderWords(o query.Order) []string {
	texts := []string{o.ID, o.CustomerID}
	for _, l := range o.Lines {
		texts = append(texts, l.SKU)
	}
	for _, p := range o.Parcels {
		texts = append(texts, p.TrackingNumber)
	}
	return words.Of(texts...)
}
