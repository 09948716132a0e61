package orders

import (
	"strconv"
	"strings"
	"time"

	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/internal/orders/lookup"
)

// Version returns the Amends-Version of an order.
func Version(id string, version int64) string { return id + ":" + strconv.FormatInt(version, 10) }

// defaultPatience is how long a version is waited for, unless the client prefers another time.
const defaultPatience = time.Second

// since is what a request wants to see: an order at a version. The zero since is anything.
type since struct {
	order string
	lookup.Since
}

// sinceOf reads the headers Amends-Min-Version and Prefer.
func sinceOf(version, prefer *string) (since, error) {
	if version == nil {
		return since{}, nil
	}
	order, number, _ := strings.Cut(*version, ":")
	id, err := ParseID(order)
	n, notNumber := strconv.ParseInt(number, 10, 64)
	if err != nil || notNumber != nil || n < 1 || Version(id, n) != *version {
		return since{}, problem.New(problem.BadRequest, "Amends-Min-Version must be the Amends-Version of an answer.")
	}
	patience, ok := wait(prefer)
	if !ok {
		patience = defaultPatience
	}
	return since{id, lookup.Since{Version: n, Patience: patience}}, nil
}

// of returns what is wanted of one order.
func (s since) of(order string) lookup.Since {
	if s.order != order {
		return lookup.Since{}
	}
	return s.Since
}
