package floor

import (
	"context"
	"database/sql"
	"fmt"
)

// service is the state of the activities of one service.
type service struct{ db *sql.DB }

// schema makes the one table of a service, unless it is there.
const schema = `CREATE TABLE IF NOT EXISTS effect (
	order_id text NOT NULL,
	step     text NOT NULL,
	quantity bigint NOT NULL,
	amount   bigint NOT NULL,
	PRIMARY KEY (order_id, step)
)`

// do takes a step. One statement is a transaction, and the smallest one: a round
// trip. An attempt that is repeated finds the row.
func (s service) do(ctx context.Context, order Order, step string) (Receipt, error) {
	_, err := s.db.ExecContext(ctx,
		"INSERT INTO effect (order_id, step, quantity, amount) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
		order.ID, step, order.Quantity, order.Amount)
	if err != nil {
		return Receipt{}, fmt.Errorf("do %s: %w", step, err)
	}
	return Receipt{OrderID: order.ID, Step: step}, nil
}

// undo takes a step back.
func (s service) undo(ctx context.Context, order Order, step string) error {
	_, err := s.db.ExecContext(ctx, "DELETE FROM effect WHERE order_id = $1 AND step = $2", order.ID, step)
	if err != nil {
		return fmt.Errorf("undo %s: %w", step, err)
	}
	return nil
}
