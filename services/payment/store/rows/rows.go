// Package rows has the rows of the payment service: its payments, their transfers, postings
// and invoices.
package rows

import (
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/posting"
	"github.com/amends/amends/services/payment/transfer"
)

// KeyColumns is the key of a step as columns; exported because GORM sees nothing
// else.
type KeyColumns struct {
	Saga       string
	Step       string
	Generation int
}

func (k KeyColumns) key() key.Key { return key.Key(k) }

// Payment is the row of a payment.
type Payment struct {
	ID                string `gorm:"primaryKey"`
	KeyColumns        `gorm:"embedded"`
	State             payment.State
	Amount            int64
	Currency          money.Currency
	TokenHash         string
	ProviderReference string
	DeclineCode       fault.Code
	Captured          int64
	Refunding         int64
	Refunded          int64
	CreatedAt         time.Time
	UpdatedAt         time.Time
}

// TableName tells GORM the table.
func (Payment) TableName() string { return "payments" }

// FromPayment returns the row of a payment.
func FromPayment(p payment.Payment) Payment {
	return Payment{
		ID: p.ID, KeyColumns: KeyColumns(p.Key), State: p.State, Amount: p.Amount.Minor, Currency: p.Amount.Currency,
		TokenHash: p.TokenHash, ProviderReference: p.ProviderReference, DeclineCode: p.DeclineCode,
		Captured: p.Captured, Refunding: p.Refunding, Refunded: p.Refunded,
		CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
	}
}

// Domain returns the payment of a row.
func (r Payment) Domain() payment.Payment {
	return payment.Payment{
		ID: r.ID, Key: r.key(), State: r.State, Amount: money.New(r.Amount, r.Currency),
		TokenHash: r.TokenHash, ProviderReference: r.ProviderReference, DeclineCode: r.DeclineCode,
		Captured: r.Captured, Refunding: r.Refunding, Refunded: r.Refunded,
		CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
}

// Transfer is the row of a capture or refund.
type Transfer struct {
	KeyColumns        `gorm:"embedded"`
	PaymentID         string
	Kind              transfer.Kind
	State             transfer.State
	Amount            int64
	Currency          money.Currency
	Target            string
	InvoiceNumber     string
	ProviderReference string
	DeclineCode       fault.Code
	CreatedAt         time.Time
	UpdatedAt         time.Time
}

// TableName tells GORM the table.
func (Transfer) TableName() string { return "transfers" }

// FromTransfer returns the row of a transfer.
func FromTransfer(t transfer.Transfer) Transfer {
	return Transfer{
		KeyColumns: KeyColumns(t.Key), PaymentID: t.PaymentID, Kind: t.Kind, State: t.State,
		Amount: t.Amount.Minor, Currency: t.Amount.Currency, Target: t.Target, InvoiceNumber: t.InvoiceNumber,
		ProviderReference: t.ProviderReference, DeclineCode: t.DeclineCode, CreatedAt: t.CreatedAt, UpdatedAt: t.UpdatedAt,
	}
}

// Domain returns the transfer of a row.
func (r Transfer) Domain() transfer.Transfer {
	return transfer.Transfer{
		Key: r.key(), PaymentID: r.PaymentID, Kind: r.Kind, State: r.State,
		Amount: money.New(r.Amount, r.Currency), Target: r.Target, InvoiceNumber: r.InvoiceNumber,
		ProviderReference: r.ProviderReference, DeclineCode: r.DeclineCode, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
}

// Posting is the row of one line of a posting set.
type Posting struct {
	SetID     string `gorm:"primaryKey"`
	Line      int    `gorm:"primaryKey;autoIncrement:false"`
	PaymentID string
	Kind      posting.Kind
	Account   posting.Account
	Amount    int64
	Currency  money.Currency
	CreatedAt time.Time
}

// TableName tells GORM the table.
func (Posting) TableName() string { return "postings" }

// Invoice is the row of an invoice.
type Invoice struct {
	Number    string `gorm:"primaryKey"`
	PaymentID string
	Amount    int64
	Currency  money.Currency
	CreatedAt time.Time
}

// TableName tells GORM the table.
func (Invoice) TableName() string { return "invoices" }
