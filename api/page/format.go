package page

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/amends/amends/internal/money"
)

// Format writes days, numbers and amounts as the readers of a language expect them.
type Format struct {
	months           [12]string
	date, price      string // formats of day, month, year; of number, currency
	thousands, point string
}

// Formats are those of [Languages].
var Formats = []Format{
	{
		months: [12]string{
			"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
		},
		date: "%[1]d %[2]s %[3]d", price: "%[2]s\u00a0%[1]s", thousands: ",", point: ".",
	},
	{
		months: [12]string{
			"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember",
		},
		date: "%[1]d. %[2]s %[3]d", price: "%[1]s\u00a0%[2]s", thousands: ".", point: ",",
	},
}

// Date writes the day of a time in UTC.
func (f Format) Date(t time.Time) string {
	year, month, day := t.UTC().Date()
	return fmt.Sprintf(f.date, day, f.months[month-1], year)
}

// Time writes the day and the minute of a time in UTC.
func (f Format) Time(t time.Time) string { return f.Date(t) + t.UTC().Format(", 15:04 UTC") }

// Count writes a whole number that is not negative.
func (f Format) Count(n int64) string { return f.group(strconv.FormatInt(n, 10)) }

// Money writes an amount of minor units that is not negative, with its currency.
func (f Format) Money(minor int64, currency string) string {
	number, currency, _ := strings.Cut(money.New(minor, money.Currency(currency)).String(), " ")
	whole, fraction, has := strings.Cut(number, ".")
	number = f.group(whole)
	if has {
		number += f.point + fraction
	}
	return fmt.Sprintf(f.price, number, currency)
}

// group puts a separator before each third digit of a number.
func (f Format) group(digits string) string {
	var out strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			out.WriteString(f.thousands)
		}
		out.WriteRune(d)
	}
	return out.String()
}
