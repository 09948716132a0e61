package text

import "unicode"

// The digits of a card number: ISO/IEC 7812 allows up to 19, and no scheme issues
// fewer than 13.
const (
	minCard = 13
	maxCard = 19
)

// longestGTIN is the number of digits of the longest trade item number (EAN, UPC),
// which is a code that products have. One in ten passes the check sum of cards.
const longestGTIN = 14

// HasCard reports whether a card number is anywhere in s, which is free text: a name, a
// line of an address, a reason. Everything but letters may separate its digits, which may
// be of any script or form. Also a word or a number that stands beside it, such as a
// house number, does not hide it.
func HasCard(s string) bool {
	for _, words := range numbers(s) {
		for i := range words {
			var digits []byte
			for _, w := range words[i:] {
				if digits = append(digits, w...); len(digits) > maxCard {
					break
				}
				if issued(digits) {
					return true
				}
			}
		}
	}
	return false
}

// CardDigits returns the number of digits of s if s as a whole is a card number, and 0
// if it is none. It is the rule for codes and ids, in which random digits beside letters
// are common: of the random numbers of 16 digits one in ten passes the check sum.
func CardDigits(s string) int {
	all := numbers(s)
	if len(all) != 1 {
		return 0
	}
	var digits []byte
	for _, w := range all[0] {
		digits = append(digits, w...)
	}
	if !issued(digits) {
		return 0
	}
	return len(digits)
}

// IsCard reports whether a code or an id is a card number, and too long to be the number of a
// product.
func IsCard(code string) bool { return CardDigits(code) > longestGTIN }

// numbers returns the digits between the letters of s, as the words into which other
// characters divide them. A part without letters on either side is one element, so a
// text of digits and separators has exactly one.
func numbers(s string) (all [][][]byte) {
	part, word := [][]byte(nil), []byte(nil)
	end := func() {
		if len(word) > 0 {
			part, word = append(part, word), nil
		}
	}
	for _, r := range s {
		switch d, ok := digit(r); {
		case ok:
			word = append(word, d)
		case unicode.IsLetter(r) && !ignorable(r):
			end()
			if part != nil || len(all) == 0 { // the letters of a word end one part
				all, part = append(all, part), nil
			}
		default:
			end()
		}
	}
	end()
	return append(all, part)
}

// raised are the digits that Unicode does not count as decimal: superscript,
// subscript, circled and the like. Each range begins with the digit of its value.
var raised = []struct {
	from, to rune
	value    byte
}{
	{0xb2, 0xb3, 2},
	{0xb9, 0xb9, 1},
	{0x2070, 0x2070, 0},
	{0x2074, 0x2079, 4},
	{0x2080, 0x2089, 0},
	{0x2460, 0x2468, 1},
	{0x2474, 0x247c, 1},
	{0x2488, 0x2490, 1},
	{0x24ea, 0x24ea, 0},
	{0x24f5, 0x24fd, 1},
	{0x24ff, 0x24ff, 0},
	{0x2776, 0x277e, 1},
	{0x2780, 0x2788, 1},
	{0x278a, 0x2792, 1},
}

// digit returns the value of a digit of any script and form.
func digit(r rune) (byte, bool) {
	if r <= unicode.MaxASCII {
		return byte((r - '0') % 10), r >= '0' && r <= '9' //nolint:gosec // it counts for a digit only
	}
	for _, t := range raised {
		if r >= t.from && r <= t.to {
			return t.value + byte((r-t.from)%10), true //nolint:gosec // it is a digit
		}
	}
	if !unicode.Is(unicode.Nd, r) {
		return 0, false
	}
	zero := r // runs of decimal digits are of whole sets of ten, each from zero on
	for unicode.Is(unicode.Nd, zero-1) {
		zero--
	}
	return byte((r - zero) % 10), true //nolint:gosec // it is a digit
}

// issued reports whether digits have the length, the beginning and the check sum of a
// payment card. Only the beginnings that card schemes use count, because others are
// common: a time in milliseconds has 13 digits, many ids of accounts 15 and more, and
// both mostly begin with 1.
func issued(digits []byte) bool {
	n := len(digits)
	if n < minCard || n > maxCard {
		return false
	}
	first, second := digits[0], digits[1]
	switch n {
	case 13:
		return first == 4 && luhn(digits)
	case 14:
		return first == 3 && (second == 0 || second == 6 || second >= 8) && luhn(digits)
	case 15:
		return first == 3 && (second == 4 || second == 7) && luhn(digits)
	}
	return first >= 2 && first <= 6 && luhn(digits)
}

// luhn reports whether the last digit is the check sum of the others.
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
