// Package money holds amounts as integers of a currency's minor unit, with
// arithmetic that refuses to overflow or to mix currencies.
package money

import (
	"math"
	"math/big"
	"strings"

	"github.com/amends/amends/fault"
)

// Codes of this package.
const (
	// CurrencyMismatch: two amounts have different currencies.
	CurrencyMismatch fault.Code = "CURRENCY_MISMATCH"
	// Overflow: a result does not fit into 64 bits.
	Overflow fault.Code = "AMOUNT_OVERFLOW"
)

// Currency is an ISO 4217 alphabetic code. Parse one with [ParseCurrency].
type Currency string

// Amount is a number of minor units (cents) of a currency. The zero Amount has no
// currency and is not a valid amount.
type Amount struct {
	Minor    int64    `json:"amount"`
	Currency Currency `json:"currency"`
}

// New returns minor units of currency.
func New(minor int64, currency Currency) Amount { return Amount{Minor: minor, Currency: currency} }

// ParseCurrency returns s as a [Currency] if it is the ISO 4217 code, in upper case, of
// a currency in circulation, else a fault with code INVALID. It is for new prices and
// orders; see [Currency.Known] for those on record.
func ParseCurrency(s string) (Currency, error) {
	if !currencies[s] {
		return "", fault.Errorf(fault.Business, fault.Invalid, "%.8q is not an ISO 4217 currency code", s)
	}
	return Currency(s), nil
}

// Known reports whether c is or was an ISO 4217 code: an order goes on in the currency
// in which it was placed, after that is withdrawn.
func (c Currency) Known() bool { return currencies[string(c)] || withdrawn[string(c)] }

// Add returns a + b. It fails with [CurrencyMismatch] or [Overflow].
func (a Amount) Add(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, fault.Errorf(fault.Business, CurrencyMismatch, "cannot add %s to %s", b.Currency, a.Currency)
	}
	sum := a.Minor + b.Minor
	if (sum > a.Minor) != (b.Minor > 0) {
		return Amount{}, fault.Errorf(fault.Business, Overflow, "sum of amounts overflows")
	}
	return Amount{Minor: sum, Currency: a.Currency}, nil
}

// Sub returns a - b. It fails with [CurrencyMismatch] or [Overflow].
func (a Amount) Sub(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, fault.Errorf(fault.Business, CurrencyMismatch, "cannot subtract %s from %s", b.Currency, a.Currency)
	}
	difference := a.Minor - b.Minor
	if (difference < a.Minor) != (b.Minor > 0) {
		return Amount{}, fault.Errorf(fault.Business, Overflow, "difference of amounts overflows")
	}
	return Amount{Minor: difference, Currency: a.Currency}, nil
}

// Mul returns a × n. It fails with [Overflow].
func (a Amount) Mul(n int64) (Amount, error) {
	p := a.Minor * n
	if a.Minor != 0 && (p/a.Minor != n || (a.Minor == -1 && n == math.MinInt64)) {
		return Amount{}, fault.Errorf(fault.Business, Overflow, "product of an amount overflows")
	}
	return Amount{Minor: p, Currency: a.Currency}, nil
}

// Neg returns -a. The smallest amount has no negative and is returned unchanged;
// [Amount.Sub] guards against that.
func (a Amount) Neg() Amount { return Amount{Minor: -a.Minor, Currency: a.Currency} }

// IsZero reports whether a is zero, in any currency.
func (a Amount) IsZero() bool { return a.Minor == 0 }

// String returns the amount in its major unit, with its currency: "12.99 EUR".
func (a Amount) String() string {
	digits, ok := exponents[a.Currency]
	if !ok {
		digits = 2
	}
	sign, n := "", new(big.Int).SetInt64(a.Minor)
	if n.Sign() < 0 {
		sign = "-"
		n.Neg(n)
	}
	s := n.String()
	if short := digits + 1 - len(s); short > 0 {
		s = strings.Repeat("0", short) + s
	}
	if digits > 0 {
		s = s[:len(s)-digits] + "." + s[len(s)-digits:]
	}
	return sign + s + " " + string(a.Currency)
}
