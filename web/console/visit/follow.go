package visit

import (
	"net/http"
	"strings"
	"time"

	"github.com/amends/amends/web/console/ask"
	"github.com/amends/amends/web/look"
)

// Part returns a fragment.
func (v *Visit) Part(name string, data any) (string, error) {
	var b strings.Builder
	err := v.Pages.Part(&b, name, data)
	return b.String(), err //nolint:wrapcheck // it names the operation
}

// beat is the time between two comments of a stream that has nothing to tell.
const beat = 15 * time.Second

// Read returns the fragments of a page, and whether these are the last ones. On an error the
// page stays as it is.
type Read func() (html string, last bool, err error)

// Follow sends fragments whenever they change, looking every so often, until the tab leaves,
// the session ends, or there is nothing more to come.
func (v *Visit) Follow(every time.Duration, read Read) error {
	s := look.NewStream(v.W)
	tick := time.NewTicker(every)
	defer tick.Stop()
	sent, before := time.Now(), ""
	for {
		html, last, err := v.read(read)
		switch {
		case v.ended(err):
			_ = s.Leave(Below + "/sign-in") // the tab has left
			return nil
		case err == nil && html != before:
			if s.Fragments(html) != nil {
				return nil // the tab has left
			}
			sent, before = time.Now(), html
		case time.Since(sent) > beat:
			if s.Beat() != nil {
				return nil // as above
			}
			sent = time.Now()
		}
		if err == nil && last {
			_ = s.End() // as above
			return nil
		}
		select {
		case <-v.Ctx().Done():
			return nil
		case <-v.Config.Draining:
			return nil // the tab comes again
		case <-tick.C:
		}
	}
}

// read reads with the present token of the person: a stream may outlive the one that it began
// with.
func (v *Visit) read(read Read) (html string, last bool, err error) {
	if v.Admin.Bearer, err = v.Who.Bearer(v.Ctx(), v.Config.Now()); err != nil {
		return "", false, err //nolint:wrapcheck // a problem
	}
	return read()
}

// ended reports whether the session of the visit is over.
func (v *Visit) ended(err error) bool {
	return v.Sessions.Of(v.R, false) == nil || err != nil && ask.StatusOf(err) == http.StatusUnauthorized
}
