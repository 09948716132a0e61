package store

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

type paymentRow struct {
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
func (paymentRow) TableName() string { return "payments" }

func fromPayment(p payment.Payment) paymentRow {
	return paymentRow{
		ID: p.ID, KeyColumns: KeyColumns(p.Key), State: p.State, Amount: p.Amount.Minor, Currency: p.Amount.Currency,
		TokenHash: p.TokenHash, ProviderReference: p.ProviderReference, DeclineCode: p.DeclineCode,
		Captured: p.Captured, Refunding: p.Refunding, Refunded: p.Refunded,
		CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
	}
}

func (r paymentRow) domain() payment.Payment {
	return payment.Payment{
		ID: r.ID, Key: r.key(), State: r.State, Amount: money.New(r.Amount, r.Currency),
		TokenHash: r.TokenHash, ProviderReference: r.ProviderReference, DeclineCode: r.DeclineCode,
		Captured: r.Captured, Refunding: r.Refunding, Refunded: r.Refunded,
		CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
}

type transferRow struct {
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
func (transferRow) TableName() string { return "transfers" }

func fromTransfer(t transfer.Transfer) transferRow {
	return transferRow{
		KeyColumns: KeyColumns(t.Key), PaymentID: t.PaymentID, Kind: t.Kind, State: t.State,
		Amount: t.Amount.Minor, Currency: t.Amount.Currency, Target: t.Target, InvoiceNumber: t.InvoiceNumber,
		ProviderReference: t.ProviderReference, DeclineCode: t.DeclineCode, CreatedAt: t.CreatedAt, UpdatedAt: t.UpdatedAt,
	}
}

func (r transferRow) domain() transfer.Transfer {
	return transfer.Transfer{
		Key: r.key(), PaymentID: r.PaymentID, Kind: r.Kind, State: r.State,
		Amount: money.New(r.Amount, r.Currency), Target: r.Target, InvoiceNumber: r.InvoiceNumber,
		ProviderReference: r.ProviderReference, DeclineCode: r.DeclineCode, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
}

type postingRow struct {
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
func (postingRow) TableName() string { return "postings" }

type invoiceRow struct {
	Number    string `gorm:"primaryKey"`
	PaymentID string
	Amount    int64
	Currency  money.Currency
	CreatedAt time.Time
}

// TableName tells GORM the table.
func (invoiceRow) TableName() string { return "invoices" }
