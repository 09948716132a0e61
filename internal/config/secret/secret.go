// Package secret has the types of settings that must not be shown: they print as
// asterisks, or without their secret part, wherever a setting ends up.
package secret

// masked stands for a value that must not be shown.
const masked = "******"

// Text is a secret text. It prints as asterisks.
type Text string

// String returns asterisks, or nothing for an empty text.
func (t Text) String() string {
	if t == "" {
		return ""
	}
	return masked
}
