package pin

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amends/amends/api/legacy/score"
)

// page has the keys that were used in one hour. A key leaves with its page.
type page struct {
	name string // the hour, and a number; the names of newer pages are greater
	keys map[digest]score.Side
	read int64 // bytes of its file that are in keys
}

// hour is the layout of the first part of a name, and of its number behind a dot.
const (
	hour   = "2006-01-02T15"
	number = "%s.%03d"
)

// isPage reports whether a file has the name of a page.
func isPage(name string) bool {
	before, _, _ := strings.Cut(name, ".")
	_, err := time.Parse(hour, before)
	return err == nil
}

// pin notes a key, and returns its side, which is another one if it was noted before.
func (p *page) pin(key digest, side score.Side) score.Side {
	if first, pinned := p.keys[key]; pinned {
		return first
	}
	p.keys[key] = side
	return side
}

// line returns the line of a file that pins a key.
func line(key digest, side score.Side) []byte {
	return fmt.Appendf(nil, "%x %s\n", key, side)
}

// take notes the keys of whole lines. A line that is none, such as one that a crash has cut
// off, is left out.
func (p *page) take(lines []byte) {
	for l := range bytes.Lines(lines) {
		text, side, _ := strings.Cut(strings.TrimSuffix(string(l), "\n"), " ")
		key, err := hex.DecodeString(text)
		if err == nil && len(key) == len(digest{}) && (side == string(score.Legacy) || side == string(score.Service)) {
			p.pin(digest(key), score.Side(side))
		}
	}
	p.read += int64(len(lines))
}

// pages are those that are known, the newest last.
type pages []*page

// find returns the side of a key, and the newest page that has it.
func (all pages) find(key digest) (side score.Side, in *page, pinned bool) {
	for _, p := range slices.Backward(all) {
		if side, pinned = p.keys[key]; pinned {
			return side, p, true
		}
	}
	return "", nil, false
}

// drop drops a key.
func (all pages) drop(key digest) {
	for _, p := range all {
		delete(p.keys, key)
	}
}

// named returns the page of a name, which is new unless it is known.
func (all *pages) named(name string) *page {
	i, known := slices.BinarySearchFunc(*all, name, func(p *page, n string) int { return strings.Compare(p.name, n) })
	if !known {
		*all = slices.Insert(*all, i, &page{name: name, keys: map[digest]score.Side{}})
	}
	return (*all)[i]
}

// present returns the page of the keys that are used now. Each hour has a new one, and so has
// a full one. Old ones are forgotten.
func (all *pages) present(now time.Time) *page {
	all.forget(now)
	name := fmt.Sprintf(number, hourOf(now), 0)
	if n := len(*all); n > 0 {
		last := (*all)[n-1]
		switch {
		case last.name < name:
		case len(last.keys) < Most:
			return last
		default:
			before, n, _ := strings.Cut(last.name, ".")
			i, _ := strconv.Atoi(n) // 0 for a name that is not ours
			name = fmt.Sprintf(number, before, i+1)
		}
	}
	return all.named(name)
}

// forget drops the pages whose keys were not used for their life, and those that are crowded out.
func (all *pages) forget(now time.Time) {
	oldest := hourOf(now.Add(-Life))
	for len(*all) > 0 && ((*all)[0].name < oldest || all.crowded((*all)[0].name)) {
		*all = slices.Delete(*all, 0, 1)
	}
}

// crowded reports whether the pages that are newer than one have so many keys that it is
// forgotten.
func (all pages) crowded(name string) bool {
	newer := 0
	for _, p := range all {
		if p.name > name {
			newer += len(p.keys)
		}
	}
	return newer >= Most
}

// hourOf returns the beginning of the names of the pages of an hour.
func hourOf(t time.Time) string { return t.UTC().Format(hour) }
