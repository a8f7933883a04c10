module sluice.dev/bench/precise-producer

go 1.22
