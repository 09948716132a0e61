package text

import (
	"errors"
	"net/mail"
	"regexp"
	"strings"
)

// Errors of the rules for addresses of people. Their texts follow the name of a field.
var (
	ErrMail   = errors.New("must look like name@example.com")
	ErrPhone  = errors.New("must be an international number such as +49301234567")
	ErrLocale = errors.New("must be a language tag such as en or de-AT")
)

// The longest address of mail, and the part of it before the @, in bytes.
const maxMail, maxLocal = 254, 64

// Mail returns nil for an address of mail alone, without a name or a comment.
func Mail(s string) error {
	parsed, err := mail.ParseAddress(s)
	if err != nil || parsed.Address != s || parsed.Name != "" || Code(s) != nil || len(s) > maxMail || strings.LastIndexByte(s, '@') > maxLocal {
		return ErrMail
	}
	return nil
}

// Numbers have at most 15 digits (E.164); the shortest ones with a country have 7.
var phone = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// Phone returns nil for a telephone number with its country. It does not look for numbers
// of cards: one of ten numbers with 13 digits from Germany would be taken for one.
func Phone(s string) error {
	if !phone.MatchString(s) {
		return ErrPhone
	}
	return nil
}

// MaxLocale is the length of the longest language tag.
const MaxLocale = 35

var locale = regexp.MustCompile(`^[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8})*$`)

// Locale returns nil for a language tag.
func Locale(s string) error {
	if len(s) > MaxLocale || !locale.MatchString(s) {
		return ErrLocale
	}
	return nil
}
