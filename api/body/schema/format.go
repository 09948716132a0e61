package schema

import (
	"strings"
	"unicode"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
)

// formatError explains why a string does not have its schema's format.
type formatError struct {
	Code   fault.Code
	Detail string // safe to show
}

// Error returns the detail.
func (e *formatError) Error() string { return e.Detail }

// formats returns the string formats of the contracts as options of a schema's
// validation. Their errors are formatError values; an empty string is left to minLength.
func formats() []openapi3.SchemaValidationOption {
	var options []openapi3.SchemaValidationOption
	for name, check := range map[string]func(string) error{
		"currency":      checkCurrency,
		"country":       checkCountry,
		"sku":           checkSKU,
		"text":          checkText,
		"optional-text": checkOptionalText,
		"payment-token": checkToken,
	} {
		options = append(options, openapi3.WithStringFormatValidator(name, openapi3.NewCallbackValidator(check)))
	}
	return options
}

func checkCurrency(s string) error {
	if _, err := money.ParseCurrency(s); err != nil {
		return &formatError{problem.FieldNotAllowed, "must be an ISO 4217 currency code in upper case"}
	}
	return nil
}

func checkCountry(s string) error {
	if !countries[s] {
		return &formatError{problem.FieldNotAllowed, "must be an ISO 3166-1 alpha-2 country code in upper case"}
	}
	return nil
}

func checkSKU(s string) error {
	if strings.ContainsFunc(s, hidden) || strings.TrimSpace(s) != s {
		return &formatError{problem.FieldNotAllowed, "must have neither invisible characters nor spaces around it"}
	}
	return nil
}

// hidden characters would make two codes look the same.
func hidden(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }

func checkText(s string) error {
	if s != "" && strings.TrimSpace(s) == "" {
		return &formatError{problem.FieldTooShort, "must not be only spaces"}
	}
	return checkOptionalText(s)
}

func checkOptionalText(s string) error {
	if strings.ContainsFunc(s, unprintable) {
		return &formatError{problem.FieldNotAllowed, "must not contain control characters"}
	}
	return nil
}

// unprintable characters have no place on a parcel's label. Most of Unicode's
// format characters do, in names of many scripts; those that turn the direction
// of the text after them do not.
func unprintable(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) || (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069)
}

func checkToken(s string) error {
	if strings.ContainsFunc(s, func(r rune) bool { return r < '!' || r > '~' }) && !looksLikeCard(s) {
		return &formatError{problem.FieldNotAllowed, "must be visible ASCII characters"}
	}
	if looksLikeCard(s) {
		return &formatError{problem.FieldCardNumber, "must be a token of the payment provider, never a card number"}
	}
	return nil
}

// looksLikeCard reports whether s holds 12 to 19 digits, apart from spaces and
// dashes, that pass the check sum of card numbers.
func looksLikeCard(s string) bool {
	var digits []byte
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			digits = append(digits, byte(r-'0'))
		case r == ' ' || r == '-':
		default:
			return false
		}
	}
	return len(digits) >= 12 && len(digits) <= 19 && luhn(digits)
}

func luhn(digits []byte) bool {
	sum := 0
	for i, d := range digits {
		n := int(d)
		if (len(digits)-i)%2 == 0 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return sum%10 == 0
}
