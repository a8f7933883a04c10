// One producer at a constant rate, one record in each request: how long each answer took, in microseconds.
//
// Reads a JSON job from stdin: {"rate", "seconds", "frame": hex}, sends the frame on the connection that it finds, logged
// in, as file descriptor 3, and prints {"p50", "p95", "p99", "sent", "rate", "cpu"}. One thread sleeps in ppoll until the next
// request is due or an answer comes, with a timer slack of a microsecond, and allocates nothing while it measures: it
// shares its core with the broker, and what it takes of it is part of what is measured.
package main

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"syscall"
	"time"
	"unsafe"
)

type job struct {
	Rate    int    `json:"rate"`
	Seconds int    `json:"seconds"`
	Frame   string `json:"frame"`
}

const (
	fd              = 3
	prSetTimerslack = 29
	pollIn          = 1
	patience        = int64(30 * time.Second) // from the last request to its answer
)

type pollFd struct {
	fd      int32
	events  int16
	revents int16
}

func main() {
	runtime.LockOSThread()
	debug.SetGCPercent(-1)
	var j job
	fail(json.NewDecoder(os.Stdin).Decode(&j))
	syscall.RawSyscall6(syscall.SYS_PRCTL, prSetTimerslack, 1000, 0, 0, 0, 0)
	fail(syscall.SetNonblock(fd, false)) // unlike Node, which left it so that no call waits
	fail(syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1))
	frame, err := hex.DecodeString(j.Frame)
	fail(err)
	total := j.Rate * j.Seconds
	warm := total / 10
	gap := int64(time.Second) / int64(j.Rate)
	sentAt := make([]int64, total)
	took := make([]int64, 0, total)
	answers := make([]byte, 1<<20)
	sent, answered, filled := 0, 0, 0
	begin := time.Now()
	now := func() int64 { return int64(time.Since(begin)) }
	due := int64(0)
	for answered < total {
		at := now()
		if sent < total && at >= due {
			sentAt[sent] = at
			send(frame)
			sent++
			due += gap
			continue
		}
		wait := patience
		if sent < total {
			wait = max(0, due-now())
		}
		if !readable(wait) { // also when the scheduler's signal ends the wait
			if sent >= total && now()-sentAt[total-1] > patience {
				fail(fmt.Errorf("answers did not come"))
			}
			continue
		}
		n, err := syscall.Read(fd, answers[filled:])
		if err == syscall.EINTR {
			continue
		}
		fail(err)
		if n == 0 {
			fail(fmt.Errorf("the connection was closed"))
		}
		filled += n
		at = now()
		start := 0
		for filled-start >= 4 {
			size := 4 + int(binary.BigEndian.Uint32(answers[start:]))
			if filled-start < size {
				break
			}
			start += size
			if answered >= warm {
				took = append(took, at-sentAt[answered])
			}
			answered++
		}
		filled = copy(answers, answers[start:filled])
	}
	rate := float64(total) / time.Since(begin).Seconds()
	slices.Sort(took)
	at := func(q float64) int64 { return took[min(len(took)-1, int(float64(len(took))*q))] / 1000 }
	var usage syscall.Rusage
	fail(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	cpu := time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
	fail(json.NewEncoder(os.Stdout).Encode(map[string]any{
		"p50": at(0.5), "p95": at(0.95), "p99": at(0.99), "sent": total, "rate": int(rate), "cpu": cpu,
	}))
}

// Without telling the scheduler, which would hand the thread's work to another one.
func readable(wait int64) bool {
	fds := pollFd{fd: fd, events: pollIn}
	timeout := syscall.NsecToTimespec(wait)
	n, _, _ := syscall.RawSyscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&fds)), 1,
		uintptr(unsafe.Pointer(&timeout)), 0, 0, 0)
	return int(n) == 1
}

func send(data []byte) {
	for len(data) > 0 {
		n, err := syscall.Write(fd, data)
		if err == syscall.EINTR {
			continue
		}
		fail(err)
		data = data[n:]
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
