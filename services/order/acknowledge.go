package order

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/ledger"
)

// Codes of a refused acknowledgement, beside [fault.Invalid] and
// [fault.NotFound].
const (
	// NotDecided means that the order has no end yet: its saga can be repaired.
	NotDecided fault.Code = "NOT_DECIDED"
	// NothingToAcknowledge means that the order has no lasting flag, and never had.
	NothingToAcknowledge fault.Code = "NOTHING_TO_ACKNOWLEDGE"
	// ReasonMissing means that an acknowledgement needs a reason.
	ReasonMissing fault.Code = "REASON_MISSING"
)

// maxText is the longest text of an acknowledgement, in characters.
const maxText = 1000

// CheckWords refuses texts of an operator's repair or acknowledgement that cannot be kept,
// with REASON_MISSING or INVALID.
func CheckWords(reason, operator, reference string) error {
	if strings.TrimSpace(reason) == "" {
		return fault.Errorf(fault.Business, ReasonMissing, "a repair or an acknowledgement needs a reason")
	}
	if strings.TrimSpace(operator) == "" {
		return fault.Errorf(fault.Bug, fault.Invalid, "a repair or an acknowledgement has the name of who asked for it")
	}
	for _, text := range []string{reason, operator, reference} {
		if utf8.RuneCountInString(text) > maxText || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
			return invalid("a text has at most 1,000 characters, none of them a control character")
		}
	}
	return nil
}

// Acknowledge takes down every lasting flag that was raised up to a.At, keeps a with
// them, and reports whether it changed r. Younger flags stay, because the operator
// has not seen them; so do flags that can recover, because they have the exposure. A
// repeated request changes nothing, nor does one for which an earlier one has left
// no flag. Acknowledge fails, without a change, with NOT_DECIDED for a PENDING order,
// NOTHING_TO_ACKNOWLEDGE for an order that never had a lasting flag, and
// REASON_MISSING or INVALID for texts that cannot be kept.
func (r *Record) Acknowledge(a ledger.Acknowledgement) (changed bool, err error) {
	if err := CheckWords(a.Reason, a.Operator, a.Reference); err != nil {
		return false, err
	}
	if a.At.IsZero() {
		return false, fault.Errorf(fault.Bug, fault.Invalid, "an acknowledgement has the time of its request")
	}
	if r.Status == Pending {
		return false, fault.Errorf(fault.Business, NotDecided, "the order is not decided: repair the step that is flagged")
	}
	if a.Request != "" && slices.ContainsFunc(r.Acknowledgements, func(b ledger.Acknowledgement) bool { return b.Request == a.Request }) {
		return false, nil
	}
	var left []ledger.Attention
	a.Flags, a.At = nil, a.At.UTC()
	for _, flag := range r.Attention {
		if !flag.Lasting || flag.Since.After(a.At) {
			left = append(left, flag)
		} else {
			a.Flags = append(a.Flags, flag)
		}
	}
	switch {
	case len(a.Flags) > 0:
		r.Attention, r.Acknowledgements = left, append(slices.Clip(r.Acknowledgements), a)
		return true, nil
	case len(r.Acknowledgements) > 0:
		return false, nil
	}
	return false, fault.Errorf(fault.Business, NothingToAcknowledge, "the order has no flag that would stay")
}

// acknowledged reports whether an acknowledgement covers the flag.
func (r *Record) acknowledged(flag ledger.Attention) bool {
	return slices.ContainsFunc(r.Acknowledgements, func(a ledger.Acknowledgement) bool {
		return a.Covers(flag)
	})
}
