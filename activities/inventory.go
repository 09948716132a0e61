package activities

import (
	"context"
	"fmt"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/services/inventory"
	inventoryaudit "github.com/amends/amends/services/inventory/audit"
)

// Steps of the inventory service.
var (
	// ReserveStock holds the stock of every line; its undo releases it.
	ReserveStock = saga.Step[inventory.ReserveRequest, inventory.Reservation]{
		Name: "inventory.reserve", Queue: "inventory", Kind: saga.Compensatable, Express: quick, Owes: "stock held",
		Summary: func(q inventory.ReserveRequest) string {
			return fmt.Sprintf("hold the stock of %d lines", len(q.Lines))
		},
		UndoSummary: "release the stock",
	}
	// CommitStock turns held stock into sold stock.
	CommitStock = saga.Step[saga.None, inventory.Commitment]{
		Name: "inventory.commit", Queue: "inventory", Kind: saga.Closing, Express: quick,
		Summary: func(saga.None) string { return "turn held stock into sold" },
	}
	// TakeBackStock receives the sold stock of a refunded order again.
	TakeBackStock = saga.Step[saga.None, inventory.Return]{
		Name: "inventory.take_back", Queue: "inventory", Kind: saga.Closing,
		Summary: func(saga.None) string { return "take the sold stock back" },
	}
)

// BindInventory binds the inventory service's steps.
func BindInventory(r saga.Registry, s inventory.Service) {
	saga.Bind(r, ReserveStock, s.Reserve, s.Release)
	saga.Bind(r, CommitStock, func(ctx context.Context, k saga.Key, _ saga.None) (inventory.Commitment, error) {
		return s.Commit(ctx, k)
	}, nil)
	saga.Bind(r, TakeBackStock, func(ctx context.Context, k saga.Key, _ saga.None) (inventory.Return, error) {
		return s.TakeBack(ctx, k)
	}, nil)
}

// TryInventory binds the first tries of the inventory service's steps, see [saga.BindTry].
func TryInventory(r saga.Registry, p saga.Participant) {
	saga.BindTry(r, ReserveStock, p)
	saga.BindTry(r, CommitStock, p)
}

// The doctor's questions to the inventory service.
var (
	AuditReserved = Audit[audit.Range, inventoryaudit.Page]{"inventory.audit", "inventory"}
	AuditStock    = Audit[audit.Whole, []string]{"inventory.audit_stock", "inventory"}
)

// BindInventoryAudit binds the questions.
func BindInventoryAudit(r saga.Registry, a inventoryaudit.Auditor) {
	bind(r, AuditReserved, a.Audit)
	bindWhole(r, AuditStock, a.AuditStock)
}

// InventoryWords explains the codes and steps of the inventory service.
var InventoryWords = Words{
	Codes: map[fault.Code]string{
		inventory.OutOfStock:    "there is too little stock",
		inventory.NothingSold:   "the order bought no stock that could come back: a bug, or a database that was restored",
		inventory.NothingHeld:   "no stock is reserved for the order: a bug, or a database that was restored",
		inventory.NeverReceived: "no delivery ever had the SKU, or came to the warehouse",
		inventory.TooFew:        "fewer units are available than the correction takes off",
	},
	Unknown: map[string]string{
		"inventory.reserve":   "the stock is still held",
		"inventory.commit":    "the stock was handed out",
		"inventory.take_back": "the stock was taken back",
	},
}
