package schema

import (
	"errors"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/internal/text"
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

func checkSKU(s string) error { return unlessEmpty(text.Code, s) }

func checkText(s string) error { return unlessEmpty(text.Line, s) }

// checkOptionalText takes spaces for an absent text.
func checkOptionalText(s string) error { return checkText(strings.TrimSpace(s)) }

// unlessEmpty applies a rule; an empty string is left to minLength.
func unlessEmpty(rule func(string) error, s string) error {
	if s == "" {
		return nil
	}
	switch err := rule(s); {
	case err == nil:
		return nil
	case errors.Is(err, text.ErrBlank):
		return &formatError{problem.FieldTooShort, err.Error()}
	case errors.Is(err, text.ErrCard):
		return &formatError{problem.FieldCardNumber, err.Error()}
	default:
		return &formatError{problem.FieldNotAllowed, err.Error()}
	}
}

func checkToken(s string) error {
	if text.CardDigits(s) > 0 {
		return &formatError{problem.FieldCardNumber, "must be a token of the payment provider, never a card number"}
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r < '!' || r > '~' }) {
		return &formatError{problem.FieldNotAllowed, "must be visible ASCII characters"}
	}
	return nil
}
