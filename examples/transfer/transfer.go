// Package transfer is a saga that moves money between two banks, each with its own database:
// withdraw, deposit, write a receipt. If the deposit is refused, the withdrawal is undone.
package transfer

import (
	"context"
	"fmt"

	"go.temporal.io/sdk/workflow"
	"gorm.io/gorm"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/barrier"
)

// Transfer is the input of [Move], and as a row the receipt. Its amount cannot be negative.
type Transfer struct {
	ID    string `json:"id"`
	From  string `json:"from"`
	To    string `json:"to"`
	Cents uint32 `json:"cents"`
}

var (
	withdraw = saga.Step[Transfer, Transfer]{Name: "bank.withdraw", Queue: "sender", Kind: saga.Compensatable, Owes: "money"}
	deposit  = saga.Step[Transfer, Transfer]{Name: "bank.deposit", Queue: "receiver", Kind: saga.Pivot}
	receipt  = saga.Step[Transfer, Transfer]{Name: "bank.receipt", Queue: "sender", Kind: saga.Closing}
	plan     = saga.NewPlan(withdraw, deposit, receipt)
)

// Move is the workflow.
func Move(ctx workflow.Context, t Transfer) (saga.View, error) {
	return saga.Run(ctx, saga.Options{ID: t.ID, Plan: plan}, func(ctx workflow.Context) error {
		for _, step := range []saga.Step[Transfer, Transfer]{withdraw, deposit, receipt} {
			if _, err := saga.Do(ctx, step, t); err != nil {
				return err
			}
		}
		return nil
	})
}

// Bank is a service. Its database has the tables account and receipt, and the barrier's.
type Bank struct{ DB *gorm.DB }

// BindSender registers the steps of the worker of the queue "sender".
func (b Bank) BindSender(r saga.Registry) {
	saga.Bind(r, withdraw, b.once(take), func(ctx context.Context, k saga.Key) error { return barrier.Undo(ctx, b.DB, k, giveBack) })
	saga.Bind(r, receipt, b.once(write), nil)
}

// BindReceiver registers the steps of the worker of the queue "receiver".
func (b Bank) BindReceiver(r saga.Registry) {
	saga.BindPivot(r, deposit, b.once(put), func(ctx context.Context, k saga.Key) (Transfer, bool, error) {
		return barrier.Settle[Transfer](ctx, b.DB, k)
	})
}

// once makes an effect happen once per key, in one transaction with its record.
func (b Bank) once(effect func(*gorm.DB, Transfer) error) func(context.Context, saga.Key, Transfer) (Transfer, error) {
	return func(ctx context.Context, k saga.Key, t Transfer) (Transfer, error) {
		c := barrier.Call{Key: k, Fingerprint: barrier.Fingerprint(1, t.From, t.To, fmt.Sprint(t.Cents))}
		return barrier.Do(ctx, b.DB, c, func(tx *gorm.DB) (Transfer, error) { return t, effect(tx, t) })
	}
}

func take(tx *gorm.DB, t Transfer) error     { return add(tx, t.From, -int64(t.Cents)) }
func giveBack(tx *gorm.DB, t Transfer) error { return add(tx, t.From, int64(t.Cents)) }
func put(tx *gorm.DB, t Transfer) error      { return add(tx, t.To, int64(t.Cents)) }
func write(tx *gorm.DB, t Transfer) error    { return tx.Table("receipt").Create(&t).Error }

func add(tx *gorm.DB, account string, cents int64) error {
	res := tx.Exec("UPDATE account SET cents = cents + ? WHERE id = ? AND cents + ? >= 0", cents, account, cents)
	if res.Error == nil && res.RowsAffected == 0 {
		return fault.Errorf(fault.Business, "REFUSED", "no such account, or not enough on it")
	}
	return res.Error
}
