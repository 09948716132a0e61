package chaos

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/amends/amends/saga/audit"
	inventoryaudit "github.com/amends/amends/services/inventory/audit"
	notificationaudit "github.com/amends/amends/services/notification/audit"
	paymentaudit "github.com/amends/amends/services/payment/audit"
	queryaudit "github.com/amends/amends/services/query/audit"
	"github.com/amends/amends/workflows/doctor/judge"
)

// Plant is deliberate damage of a database, which the judgement must find.
type Plant string

// The kinds of damage.
const (
	LostOrder     Plant = "lost-order"     // an acknowledged order is gone
	DoubleCapture Plant = "double-capture" // the provider has taken the money twice
	HeldStock     Plant = "held-stock"     // a decided order holds stock
	LostRefund    Plant = "lost-refund"    // a refund that we believe in is not at the provider
	DoubleRefund  Plant = "double-refund"  // the provider has paid back twice
	LostEvent     Plant = "lost-event"     // a result is not told: its row is gone from the outbox
	DoubledEvent  Plant = "doubled-event"  // a result is told by two events

	StaleReadModel Plant = "stale-read-model" // the read model has an order as it was once
	LostMail       Plant = "lost-mail"        // no message tells a customer of an order's end
	LostRefundMail Plant = "lost-refund-mail" // no message tells a customer of a refund
	DoubledMail    Plant = "doubled-mail"     // two messages tell of an order's end
)

// Plants are all kinds, with the words that must name each: in the invariants, and
// by the doctor.
var Plants = map[Plant][]string{
	LostOrder:     {"was acknowledged, and is lost", string(judge.UnknownOrder)},
	DoubleCapture: {"capture at the provider, 2 times", string(paymentaudit.ProviderBook)},
	HeldStock:     {"still holds stock", string(inventoryaudit.StockHeld)},
	LostRefund:    {"we believe in a refund", string(paymentaudit.ProviderBook)},
	DoubleRefund:  {"the provider has a refund", string(paymentaudit.ProviderBook)},
	LostEvent:     {"is in the stream, and in no outbox", string(audit.NotTold)},
	DoubledEvent:  {"is told by 2 events", string(audit.ToldTwice)},

	StaleReadModel: {"in the read model", string(queryaudit.CopyDiffers)},
	LostMail:       {"was mailed, and no delivery says so", string(notificationaudit.MailMissing)},
	LostRefundMail: {"is not told of refund", string(notificationaudit.MailMissing)},
	DoubledMail:    {"has 2 deliveries that are sent", string(notificationaudit.MailDoubled)},
}

// statements damage one order, $1 is its id. The first one of each finds an order.
var statements = map[Plant]struct {
	database, find string
	damage         []string
}{
	LostOrder: {
		"order", `SELECT id FROM orders WHERE id NOT IN (SELECT order_id FROM courses) ORDER BY id LIMIT 1`, // its workflow knows it
		[]string{`DELETE FROM order_history WHERE order_id = $1`, `DELETE FROM order_lines WHERE order_id = $1`, `DELETE FROM orders WHERE id = $1`},
	},
	DoubleCapture: {
		"provider", `SELECT key FROM effects WHERE kind = 'capture' AND state = 'captured' ORDER BY key LIMIT 1`,
		[]string{`INSERT INTO effects (key, kind, state, amount, currency, reference, target, token_hash, reason, created_at, updated_at)
			SELECT key || '/again', kind, state, amount, currency, reference || '-again', target || '/again', token_hash, reason, created_at, updated_at
			FROM effects WHERE key = $1`},
	},
	HeldStock: {
		"inventory", `SELECT saga FROM reservations WHERE state = 'released' ORDER BY saga LIMIT 1`,
		[]string{
			`UPDATE stock s SET available = available - l.quantity, reserved = reserved + l.quantity
			 FROM reservation_lines l WHERE l.saga = $1 AND l.sku = s.sku AND l.warehouse = s.warehouse`,
			`UPDATE reservations SET state = 'held' WHERE saga = $1`,
		},
	},
	LostRefund: {
		"provider", refundOfAnOrder + ` OFFSET 1`,
		[]string{`DELETE FROM effects WHERE key = $1`},
	},
	DoubleRefund: {
		"provider", refundOfAnOrder,
		[]string{`INSERT INTO effects (key, kind, state, amount, currency, reference, target, token_hash, reason, created_at, updated_at)
			SELECT key || '9', kind, state, amount, currency, reference || '-again', target, token_hash, reason, created_at, updated_at
			FROM effects WHERE key = $1`},
	},
	LostEvent: {
		"inventory", `SELECT key FROM outbox WHERE type = 'amends.inventory.reserved.v1' ORDER BY key LIMIT 1`,
		[]string{`DELETE FROM outbox WHERE ` + reservedEvent},
	},
	DoubledEvent: {
		"inventory", `SELECT key FROM outbox WHERE type = 'amends.inventory.reserved.v1' AND CAST(meta AS json) ->> 'style' IS NULL
			ORDER BY key DESC LIMIT 1`,
		[]string{`INSERT INTO outbox (event_id, type, key, data, meta, at)
			SELECT gen_random_uuid(), type, key, data, meta, at FROM outbox WHERE ` + reservedEvent},
	},
	StaleReadModel: {
		"query", `SELECT id FROM orders WHERE status = 'CONFIRMED' ORDER BY id LIMIT 1`,
		[]string{`UPDATE orders SET status = 'PENDING' WHERE id = $1`},
	},
	LostMail: {
		"notification", `SELECT subject FROM deliveries WHERE state = 'SENT' ORDER BY subject LIMIT 1`,
		[]string{`DELETE FROM deliveries WHERE subject = $1`},
	},
	LostRefundMail: {
		"notification", `SELECT subject FROM deliveries WHERE kind = 'order.refunded' ORDER BY subject LIMIT 1`,
		[]string{`DELETE FROM deliveries WHERE subject = $1 AND kind = 'order.refunded'`},
	},
	DoubledMail: {
		"notification", `SELECT subject FROM deliveries WHERE state = 'SENT' ORDER BY subject DESC LIMIT 1`,
		[]string{`INSERT INTO deliveries SELECT id || 'x', kind, subject, 'again', channel, recipient, facts, state, reason, address, locale, attempts,
			provider, created_at, next_at, expires_at, ended_at FROM deliveries WHERE subject = $1`},
	},
}

// refundOfAnOrder finds the last refund of the last order that has one.
const refundOfAnOrder = `SELECT max(key) FROM effects WHERE kind = 'refund' AND state = 'refunded'
	GROUP BY split_part(key, '/', 1) ORDER BY 1 DESC LIMIT 1`

// reservedEvent is the condition of the event of the order $1 that the plants damage.
const reservedEvent = `key = $1 AND type = 'amends.inventory.reserved.v1'`

// plant damages a database, and returns the victim's id.
func (p *platform) plant(ctx context.Context, what Plant) (victim string, err error) {
	s, ok := statements[what]
	if !ok {
		return "", fmt.Errorf("there is no plant %q", what)
	}
	conn, err := p.connect(ctx, s.database)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	if err := conn.QueryRow(ctx, s.find).Scan(&victim); err != nil {
		return "", fmt.Errorf("plant %s: nothing to damage: %w", what, err)
	}
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		for _, statement := range s.damage {
			if _, err := tx.Exec(ctx, statement, victim); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("plant %s: %w", what, err)
	}
	return victim, nil
}

// connect connects to a service's database, without a line.
func (p *platform) connect(ctx context.Context, name string) (*pgx.Conn, error) {
	return pgx.Connect(ctx, *p.databases()[name])
}
