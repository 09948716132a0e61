package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/amends/amends/internal/dev/mailbox"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/proof/shoptest"
	"github.com/amends/amends/proof/wait"
	"github.com/amends/amends/services/notification"
	"github.com/amends/amends/services/order"
)

// follow waits until the read model and the mails have followed the orders, which are
// decided. The judgement finds any row that they lack at the end.
func (p *platform) follow(ctx context.Context, shop *shoptest.Shop) error {
	ctx, cancel := context.WithTimeout(ctx, relayed)
	defer cancel()
	var left followers
	var failed error
	err := wait.Until(ctx, "the read model and the mails follow", func() bool {
		records, err := allRecords(ctx, shop)
		if failed = err; err != nil {
			return false
		}
		left, failed = p.judgeFollowers(ctx, records)
		return failed == nil && len(left.wrong) == 0
	})
	if err != nil {
		return errors.Join(fmt.Errorf("I10: %d differences: %v", len(left.wrong), left.wrong), failed, err)
	}
	return nil
}

// followers is the judgement of the read model and of the mails.
type followers struct {
	mails int // in the mailboxes of customers
	wrong []string
}

func (f *followers) add(format string, args ...any) {
	f.wrong = append(f.wrong, "I10: "+fmt.Sprintf(format, args...))
}

// judgeFollowers compares the read model with the orders, and the mailboxes of customers
// with the messages that they had to get.
func (p *platform) judgeFollowers(ctx context.Context, records []order.Record) (f followers, err error) {
	copies, err := p.copies(ctx)
	if err != nil {
		return f, err
	}
	for _, r := range records {
		is := copyOf{Status: string(r.Status), Reason: string(r.Reason), Customer: r.Placement.CustomerID}
		if r.Total != nil {
			is.Total = *r.Total
		}
		if r.Refunded > 0 {
			is.Refunded = money.New(r.Refunded, is.Total.Currency)
		}
		if has, known := copies[r.ID]; !known {
			f.add("order %s is not in the read model", r.ID)
		} else if has != is {
			f.add("order %s is %+v, and in the read model %+v", r.ID, is, has)
		}
		delete(copies, r.ID)
	}
	for id := range copies {
		f.add("order %s is in the read model alone", id)
	}
	return f, errors.Join(p.judgeStockCopies(ctx, &f), p.judgeMails(ctx, &f, records))
}

// copyOf is an order as the read model has it.
type copyOf struct {
	Status, Reason, Customer string
	Total, Refunded          money.Amount
}

func (p *platform) copies(ctx context.Context) (map[string]copyOf, error) {
	all := map[string]copyOf{}
	err := p.with(ctx, "query", func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, `SELECT id, status, reason, customer_id, view FROM orders
			WHERE generation = (SELECT generation FROM generations WHERE state = 'current')`)
		if err != nil {
			return err
		}
		var id, view string
		var c copyOf
		_, err = pgx.ForEachRow(rows, []any{&id, &c.Status, &c.Reason, &c.Customer, &view}, func() error {
			var seen struct{ Total, Refunded money.Amount }
			err := json.Unmarshal([]byte(view), &seen)
			c.Total, c.Refunded = seen.Total, seen.Refunded
			all[id] = c
			return err
		})
		return err
	})
	return all, err
}

// judgeStockCopies compares the available units in the read model with those in stock.
func (p *platform) judgeStockCopies(ctx context.Context, f *followers) error {
	const current = " WHERE generation = (SELECT generation FROM generations WHERE state = 'current')"
	have, err := p.units(ctx, "query", "SELECT sku || ' in ' || warehouse, available FROM stock"+current)
	if err != nil {
		return err
	}
	want, err := p.units(ctx, "inventory", "SELECT sku || ' in ' || warehouse, available FROM stock")
	if err != nil {
		return err
	}
	for shelf, units := range want {
		if have[shelf] != units || len(have) != len(want) {
			f.add("%d units of %s are available, and in the read model %d", units, shelf, have[shelf])
		}
	}
	return nil
}

func (p *platform) units(ctx context.Context, database, query string) (map[string]int64, error) {
	all := map[string]int64{}
	err := p.with(ctx, database, func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, query)
		if err != nil {
			return err
		}
		var shelf string
		var n int64
		_, err = pgx.ForEachRow(rows, []any{&shelf, &n}, func() error { all[shelf] = n; return nil })
		return err
	})
	return all, err
}

// ends has the message of each end of an order.
var ends = map[order.Status]notification.Kind{order.Confirmed: notification.OrderConfirmed, order.Cancelled: notification.OrderCancelled}

// judgeMails judges the mailboxes: each decided order of an account has one mail, which came
// after its end; no other mail is about an order, and a delivery is behind each. Refunds are
// those of guests, who have no address: each has its delivery, which was dropped.
func (p *platform) judgeMails(ctx context.Context, f *followers, records []order.Record) error {
	mails, err := p.mailbox.List(mostMails)
	if err != nil {
		return err
	}
	if f.mails = len(mails); f.mails == mostMails {
		return errors.New("the mailbox may have lost a mail: it is full")
	}
	deliveries, err := p.deliveries(ctx)
	if err != nil {
		return err
	}
	arrived := map[string]mailbox.Mail{}
	for _, m := range mails {
		id, _, _ := strings.Cut(strings.Trim(m.MessageID, "<>"), "@")
		arrived[id] = m
	}
	for _, r := range records {
		account := order.AccountOf(r.ID, r.Placement.CustomerID)
		if account == "" || r.Status == order.Pending {
			continue
		}
		id := notification.Notice{Kind: ends[r.Status], Subject: r.ID, Recipient: account}.Key(notification.Email)
		m, ok := arrived[id]
		delete(arrived, id)
		switch {
		case !ok:
			f.add("the customer of order %s was never mailed that it is %s", r.ID, r.Status)
		case m.At.Add(clocks).Before(r.UpdatedAt):
			f.add("the customer of order %s was mailed at %s that it is %s, which it became at %s", r.ID, m.At, r.Status, r.UpdatedAt)
		case deliveries[id].subject != r.ID:
			f.add("the customer of order %s was mailed, and no delivery says so", r.ID)
		}
	}
	for id, m := range arrived {
		f.add("mail %s to %v (%s, order %s) is about no end of an order", m.MessageID, m.To, m.Subject, deliveries[id].subject)
	}
	made, err := p.madeRefunds(ctx)
	if err != nil {
		return err
	}
	for refund, id := range made {
		n := notification.Notice{Kind: notification.OrderRefunded, Subject: id, Occurrence: refund, Recipient: notification.Guest}
		if deliveries[n.Key(notification.Email)].state != notification.Dropped {
			f.add("the customer of order %s is not told of refund %s", id, refund)
		}
	}
	sent := map[string]int{}
	for _, d := range deliveries {
		if d.state == notification.Sent {
			sent[d.subject]++
		}
		if sent[d.subject] == 2 && d.state == notification.Sent {
			f.add("the customer of order %s has 2 deliveries that are sent", d.subject)
		}
	}
	return nil
}

// madeRefunds returns the orders of the refunds that were made.
func (p *platform) madeRefunds(ctx context.Context) (map[string]string, error) {
	all := map[string]string{}
	err := p.with(ctx, "order", func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, "SELECT id, order_id FROM order_refunds WHERE status = 'DONE'")
		if err != nil {
			return err
		}
		var refund, id string
		_, err = pgx.ForEachRow(rows, []any{&refund, &id}, func() error { all[refund] = id; return nil })
		return err
	})
	return all, err
}

const (
	// mostMails is how many mails the mailbox keeps.
	mostMails = 1000
	// clocks is how far the clock of files may be behind that of processes.
	clocks = 50 * time.Millisecond
)

// delivery is a row of the notification service.
type delivery struct {
	subject string
	state   notification.State
}

func (p *platform) deliveries(ctx context.Context) (map[string]delivery, error) {
	all := map[string]delivery{}
	err := p.with(ctx, "notification", func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, "SELECT id, subject, state FROM deliveries WHERE channel = 'email'")
		if err != nil {
			return err
		}
		var id string
		var d delivery
		_, err = pgx.ForEachRow(rows, []any{&id, &d.subject, &d.state}, func() error { all[id] = d; return nil })
		return err
	})
	return all, err
}
