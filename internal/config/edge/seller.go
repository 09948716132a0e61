package edge

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/amends/amends/internal/config/setting"
)

// Seller is who sells, as invoices say it.
type Seller struct {
	// Name is that of the seller, 1 to 200 characters. Default: Shop.
	Name string `key:"name"`

	// Address is the seller's, and further lines that an invoice must have, such as the number
	// of a register: at most 10 lines of 200 characters, with semicolons between them. Empty:
	// none. Default: empty.
	Address string `key:"address"`
}

// Limits of the lines of a seller.
const (
	maxSellerLines = 10
	maxSellerLine  = 200
)

// DefaultSeller returns the section of a process that sets nothing.
func DefaultSeller() Seller { return Seller{Name: "Shop"} }

// Lines returns the lines of the address.
func (s Seller) Lines() (lines []string) {
	for line := range strings.SplitSeq(s.Address, ";") {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// Check reports the rules that the section breaks.
func (s Seller) Check(p *setting.Problems) {
	if strings.TrimSpace(s.Name) == "" || !printable(s.Name) {
		p.Add("seller.name", "must have 1 to 200 characters that can be seen", s.Name)
	}
	lines := s.Lines()
	if len(lines) > maxSellerLines {
		p.Add("seller.address", "must have at most 10 lines, with semicolons between them", "")
	}
	for _, line := range lines {
		if !printable(line) {
			p.Add("seller.address", "must have lines of at most 200 characters that can be seen, with semicolons between them", line)
		}
	}
}

// printable reports whether a text fits a line of an invoice.
func printable(line string) bool {
	return utf8.ValidString(line) && utf8.RuneCountInString(line) <= maxSellerLine && !strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) })
}
