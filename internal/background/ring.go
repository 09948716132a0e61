package background

// Ring signals c, which has room for one signal, unless one is waiting there already.
func Ring(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
