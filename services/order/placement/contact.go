package placement

import "github.com/amends/amends/internal/text"

// Contact is where a customer without an account is told of the order. It is personal data.
type Contact struct {
	Email string // or Phone, or both
	Phone string // with its country, such as +49301234567
	// Locale is a language tag; empty: the shop's language.
	Locale string
}

// Validate refuses with INVALID a contact that reaches no person, and malformed parts.
func (c Contact) Validate() error {
	if c.Email == "" && c.Phone == "" {
		return invalid("a contact has an address of mail or a telephone number")
	}
	for _, part := range []struct {
		name, value string
		rule        func(string) error
	}{{"the address of mail", c.Email, text.Mail}, {"the telephone number", c.Phone, text.Phone}, {"the locale", c.Locale, text.Locale}} {
		if part.value == "" {
			continue
		}
		if err := part.rule(part.value); err != nil {
			return invalid("%s %w", part.name, err)
		}
	}
	return nil
}
