// Package victim kills and freezes the processes of a platform, as power cuts and
// schedulers do, and makes sure that the blow was the intended one.
package victim
