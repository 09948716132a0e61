// Package wire maps the values that several gRPC contracts share: amounts, times, closed
// sets and names.
package wire

import (
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/rpc/wire/wirepb"
)

// maxName is the longest name of anything that services know, in characters.
const maxName = 255

// Name refuses with INVALID a name that is longer than any can be. path is its field.
func Name(path, s string) error {
	if utf8.RuneCountInString(s) <= maxName {
		return nil
	}
	return fault.Errorf(fault.Business, fault.Invalid, "%s must have at most %d characters", path, maxName)
}

// Each maps all values of a list, nil for an empty one. The first error is the result.
func Each[From, To any](all []From, f func(From) (To, error)) (out []To, err error) {
	for _, v := range all {
		to, err := f(v)
		if err != nil {
			return nil, err
		}
		out = append(out, to)
	}
	return out, nil
}

// Amount returns a as a message, nil for the zero Amount, which has no currency.
func Amount(a money.Amount) *wirepb.Amount {
	if a == (money.Amount{}) {
		return nil
	}
	return &wirepb.Amount{Minor: a.Minor, Currency: string(a.Currency)}
}

// FromAmount is the inverse of [Amount].
func FromAmount(a *wirepb.Amount) money.Amount {
	return money.New(a.GetMinor(), money.Currency(a.GetCurrency()))
}

// Time returns t as a message, nil for the zero time.
func Time(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// FromTime is the inverse of [Time], in UTC.
func FromTime(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}

// Set maps the values of a closed set to their numbers in a contract. Numbers that it
// does not have, such as those of a newer server, are never taken for a value.
type Set[Value ~string, Number ~int32] map[Value]Number

// Number returns the number of v. It fails with INTERNAL, a bug, if v is not in the set.
func (s Set[Value, Number]) Number(v Value) (Number, error) {
	if n, ok := s[v]; ok {
		return n, nil
	}
	return 0, fault.Errorf(fault.Bug, fault.Internal, "%.32q is not in the contract", v)
}

// Value returns the value of n. It fails with INTERNAL, a bug, if n is not in the set.
func (s Set[Value, Number]) Value(n Number) (Value, error) {
	for v, have := range s {
		if have == n {
			return v, nil
		}
	}
	return "", fault.Errorf(fault.Bug, fault.Internal, "the answer has the unknown number %d: is the server newer than its caller?", n)
}
