package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/services/query/store/list"
	"github.com/amends/amends/services/query/store/rows"
	"github.com/amends/amends/services/query/store/search"
	"github.com/amends/amends/services/query/words"
)

// maxPageBytes ends a page of orders early, so that it fits into a message.
const maxPageBytes = 2 << 20

// Order implements [query.Service].
func (s *Store) Order(ctx context.Context, id string) (query.Found, error) {
	h, err := s.head(ctx)
	if err != nil {
		return query.Found{}, err
	}
	row, err := s.row(ctx, h.Generation, id)
	if err != nil {
		return query.Found{}, err
	}
	f, err := view(row, h)
	if err != nil || f.Order.Status != query.Pending {
		return f, err
	}
	entries, err := s.entries(ctx, h.Generation, id, 0)
	if err != nil {
		return query.Found{}, err
	}
	f.Order.Steps = steps(f.Order, entries)
	return f, nil
}

// row returns the row of an order, or fails with NOT_FOUND.
func (s *Store) row(ctx context.Context, generation int64, id string) (row rows.Order, err error) {
	err = s.db.WithContext(ctx).Select("id", "version", "account", "view").Where("generation = ? AND id = ?", generation, list.Text(id)).Take(&row).Error
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound):
		return row, notFound()
	case err != nil:
		return row, database.Fault(fmt.Errorf("read an order: %w", err))
	}
	return row, nil
}

func view(r rows.Order, h rows.Head) (query.Found, error) {
	f := query.Found{Version: r.Version, AsOf: h.AsOf()}
	if err := json.Unmarshal([]byte(r.View), &f.Order); err != nil {
		return query.Found{}, fault.Errorf(fault.Bug, fault.Internal, "order %s cannot be read: %w", r.ID, err)
	}
	f.Order.Account = r.Account
	return f, nil
}

// orderPlace is the place of an order in a list.
type orderPlace struct {
	Seq int64 `json:"s"`
}

// Orders implements [query.Service].
func (s *Store) Orders(ctx context.Context, f query.OrderFilter) (query.OrderPage, error) {
	if err := list.Check(f.Limit, f.Text); err != nil {
		return query.OrderPage{}, err
	}
	before := orderPlace{math.MaxInt64}
	if f.Cursor != "" {
		if err := list.Decode(f.Cursor, &before); err != nil {
			return query.OrderPage{}, err
		}
	}
	if f.Status != "" {
		if _, err := query.ParseStatus(string(f.Status)); err != nil {
			return query.OrderPage{}, err //nolint:wrapcheck // a fault
		}
	}
	h, err := s.head(ctx)
	if err != nil {
		return query.OrderPage{}, err
	}
	var found []rows.Order
	q := s.selected(ctx, h.Generation, f, before.Seq)
	statement := "SELECT o.id, o.seq, o.version, o.account, o.view FROM " + q.from + " WHERE " + q.String() + " ORDER BY " + q.seq + " DESC LIMIT ?"
	if err := s.db.WithContext(ctx).Raw(statement, append(q.Args, f.Limit+1)...).Scan(&found).Error; err != nil {
		return query.OrderPage{}, database.Fault(fmt.Errorf("list orders: %w", err))
	}
	return pageOf(found, h, f.Limit)
}

// pageOf returns the page of all, which has one more if there is a next page.
func pageOf(all []rows.Order, h rows.Head, limit int) (query.OrderPage, error) {
	page := query.OrderPage{AsOf: h.AsOf()}
	size := 0
	for i, r := range all {
		if size += len(r.View); i > 0 && (i == limit || size > maxPageBytes) {
			page.Next = list.Encode(orderPlace{all[i-1].Seq})
			break
		}
		f, err := view(r, h)
		if err != nil {
			return query.OrderPage{}, err
		}
		page.Orders = append(page.Orders, f)
	}
	return page, nil
}

// selection is a query for orders, with their alias o.
type selection struct {
	list.Where

	from, seq string
}

// selected returns the orders of a filter that are behind a seq. The table that it begins
// with has the fewest rows, and gives them in the order of the list.
func (s *Store) selected(ctx context.Context, generation int64, f query.OrderFilter, before int64) selection {
	var q selection
	wanted := words.Query(f.Text, query.MaxWords)
	few := f.CustomerID != "" || f.Account != "" // a customer has few orders, and a word perhaps many
	switch {
	case len(wanted) > 0 && !few:
		m := search.Orders.Find(s.db.WithContext(ctx), generation, wanted)
		q.from, q.seq = m.From+" "+m.Join+" orders AS o ON o.seq = "+m.Seq, m.Seq
		q.And(m.Where, m.Args...)
	case f.SKU != "" && !few:
		q.from, q.seq = "order_lines AS l JOIN orders AS o ON o.seq = l.seq", "l.seq"
		q.And("l.generation = ? AND l.sku = ?", generation, list.Text(f.SKU))
	default:
		q.from, q.seq = "orders AS o"+s.indexed(f), "o.seq"
	}
	q.And("o.generation = ?", generation)
	o := "o."
	if q.seq != "o.seq" && s.db.Name() == "sqlite" {
		o = "+o." // or its planner takes a range of seq for each row, and not the one
	}
	if few {
		q.ofCustomer(f, wanted)
	}
	if f.SKU != "" && q.seq != "l.seq" {
		q.And("EXISTS (SELECT 1 FROM order_lines AS l WHERE l.generation = o.generation AND l.sku = ? AND l.seq = o.seq)", list.Text(f.SKU))
	}
	for _, is := range []struct{ column, value string }{
		{"status", string(f.Status)}, {"reason", f.Reason}, {"style", f.Style},
	} {
		if is.value != "" {
			q.And(o+is.column+" = ?", list.Text(is.value))
		}
	}
	if f.Reason != "" {
		q.And(o + "reason <> ''") // the condition of the index
	}
	switch {
	case f.NeedsAttention == nil:
	case *f.NeedsAttention:
		q.And(o + "attention")
	default:
		q.And("NOT " + o + "attention")
	}
	from, to := between(f, before)
	q.And(q.seq+" < ?", to)
	if from > 0 {
		q.And(q.seq+" >= ?", from)
	}
	return q
}

// indexed names the index of a customer's orders to SQLite, whose planner has no statistics
// and would take that of a status or of a time as well.
func (s *Store) indexed(f query.OrderFilter) string {
	switch {
	case s.db.Name() != "sqlite":
	case f.Account != "":
		return " INDEXED BY orders_account"
	case f.CustomerID != "":
		return " INDEXED BY orders_customer"
	}
	return ""
}

// ofCustomer narrows s to the orders of a customer that have words.
func (s *selection) ofCustomer(f query.OrderFilter, wanted []string) {
	if f.Account != "" {
		s.And("o.account = ? AND o.account <> ''", list.Text(f.Account)) // the condition of the index
	}
	if f.CustomerID != "" {
		s.And("o.customer_id = ?", list.Text(f.CustomerID))
	}
	for _, word := range wanted {
		s.And("o.words LIKE ?", "% "+word+"%") // a word has letters and digits only
	}
}

// between returns the range of seq that a filter selects: from is included, to is not.
func between(f query.OrderFilter, before int64) (from, to int64) {
	to = before
	if !f.PlacedAfter.IsZero() {
		from = rows.First(f.PlacedAfter.Add(time.Microsecond))
	}
	if !f.PlacedBefore.IsZero() {
		to = min(to, rows.First(ceil(f.PlacedBefore)))
	}
	if f.MinAge > 0 {
		to = min(to, rows.First(database.Now().Add(-f.MinAge+time.Microsecond)))
	}
	return from, to
}

// ceil returns t in whole microseconds, not before t.
func ceil(t time.Time) time.Time { return t.Add(time.Microsecond - 1).Truncate(time.Microsecond) }
