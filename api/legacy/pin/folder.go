package pin

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/amends/amends/api/legacy/keep"
)

// settle looks at the folder for all that wait. It has the turn, and gives it back.
func (p *Pins) settle() {
	defer func() { <-p.turn }()
	for batch := p.next(); len(batch) > 0; batch = p.next() {
		p.tell(p.record(batch))
		for _, c := range batch {
			c.side = p.loosely(c, c.side) // if it is not recorded
			close(c.settled)
		}
	}
}

func (p *Pins) next() (batch []*claim) {
	p.mu.Lock()
	defer p.mu.Unlock()
	batch, p.waiting = p.waiting, nil
	return batch
}

// record notes claims in the folder, behind those of other gateways. None of them writes
// meanwhile: of two claims of a key the first has it.
func (p *Pins) record(batch []*claim) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("keep pinned keys: %w", err)
		}
	}()
	if err := os.MkdirAll(p.folder, 0o700); err != nil {
		return err //nolint:wrapcheck // above
	}
	unlock, err := keep.Lock(filepath.Join(p.folder, "lock"))
	if err != nil {
		return err //nolint:wrapcheck // above
	}
	defer func() { err = errors.Join(err, unlock()) }()
	now := batch[len(batch)-1].now
	old, err := p.read(now)
	if err != nil {
		return err
	}
	p.remove(old)
	name, lines := p.unknown(batch, now)
	if len(lines) == 0 {
		return nil
	}
	if err := p.add(name, lines); err != nil {
		return err
	}
	return p.readPage(name)
}

// unknown returns the lines of the claims whose keys the present page does not have, and the
// name of the page.
func (p *Pins) unknown(batch []*claim, now time.Time) (name string, lines []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	present := p.pages.present(now)
	for _, c := range batch {
		side, in, pinned := p.pages.find(c.key)
		switch {
		case !pinned:
			lines = append(lines, line(c.key, c.side)...)
		case in != present:
			lines = append(lines, line(c.key, side)...)
		}
	}
	return present.name, lines
}

// read reads the new lines of the folder, and returns the pages that are to leave it, later than
// they are forgotten: the clock of another gateway may be behind.
func (p *Pins) read(now time.Time) (old []string, err error) {
	entries, err := os.ReadDir(p.folder)
	if err != nil {
		return nil, err //nolint:wrapcheck // record does
	}
	for _, e := range slices.Backward(entries) { // the newest first: older ones may be crowded out, and are not read then
		switch name := e.Name(); {
		case !isPage(name), name < hourOf(now.Add(-Life)) && name >= hourOf(now.Add(-2*Life)):
		case name < hourOf(now.Add(-2*Life)), p.crowded(name):
			old = append(old, name)
		default:
			err := p.readPage(name)
			if err != nil && !errors.Is(err, fs.ErrNotExist) { // In reads without the lock, and another gateway removes
				return nil, err
			}
		}
	}
	return old, nil
}

func (p *Pins) crowded(page string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pages.crowded(page)
}

// remove removes the files of pages. The caller has the lock of the folder, since no other
// gateway may be reading them, and not mu, since the disk may hang. If it fails, the next look
// tries again.
func (p *Pins) remove(pages []string) {
	for _, name := range pages {
		_ = os.Remove(filepath.Join(p.folder, name))
	}
}

// readPage reads the lines of a page that are new: all of them if its file is shorter than it
// was, as behind a loss of the folder.
func (p *Pins) readPage(name string) error {
	p.mu.Lock()
	known := p.pages.named(name)
	p.mu.Unlock()
	file, err := os.Open(filepath.Join(p.folder, name))
	if err != nil {
		return err //nolint:wrapcheck // record does
	}
	info, err := file.Stat()
	if err != nil {
		return errors.Join(err, file.Close())
	}
	if info.Size() < known.read {
		known.read = 0
	}
	content, err := io.ReadAll(io.NewSectionReader(file, known.read, math.MaxInt64-known.read))
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	known.take(content[:bytes.LastIndexByte(content, '\n')+1])
	return nil
}

// add writes lines behind those of a page that are read, to the disk. A line that a crash has
// cut off ends first.
func (p *Pins) add(name string, lines []byte) error {
	p.mu.Lock()
	read := p.pages.named(name).read
	p.mu.Unlock()
	file, err := os.OpenFile(filepath.Join(p.folder, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err //nolint:wrapcheck // record does
	}
	if info, err := file.Stat(); err != nil {
		return errors.Join(err, file.Close())
	} else if info.Size() > read {
		lines = append([]byte("\n"), lines...)
	}
	_, err = file.Write(lines)
	return errors.Join(err, file.Sync(), file.Close())
}
