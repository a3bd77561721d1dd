package main

import (
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	_ "gonum.org/v1/plot/vg/vgsvg" // the format of figures

	"pgrex/test/lab"
)

// colors of the phases, in their order; distinct for all kinds of sight (Okabe
// and Ito).
var colors = []color.Color{
	color.RGBA{0x99, 0x99, 0x99, 0xff}, color.RGBA{0xd5, 0x5e, 0x00, 0xff}, color.RGBA{0xe6, 0x9f, 0x00, 0xff},
	color.RGBA{0x00, 0x72, 0xb2, 0xff}, color.RGBA{0x00, 0x9e, 0x73, 0xff}, color.RGBA{0xcc, 0x79, 0xa7, 0xff},
}

// figure draws the median phases of each row that has any, with each agent, as
// bars whose parts follow each other.
func figure(runs []run, path string) error {
	type bar struct {
		label string
		runs  []run
	}
	var bars []bar
	all := lines()
	for i := len(all) - 1; i >= 0; i-- { // the first one is to be on top
		for _, agent := range slices.Backward(agentsOf(runs)) {
			if some := of(runs, all[i].id, agent); slices.Equal(namesOf(some), failoverPhases()) {
				bars = append(bars, bar{all[i].name + ": " + agent, some})
			}
		}
	}
	if len(bars) == 0 {
		return nil
	}
	p := plot.New()
	p.Title.Text = "Where the seconds of an outage go (median of each phase)"
	p.X.Label.Text = "s since the fault; of a planned switchover, since the last commit"
	p.X.Min = 0
	var labels []string
	for _, b := range bars {
		labels = append(labels, b.label)
	}
	p.NominalY(labels...)
	p.Legend.Top = true
	var before *plotter.BarChart
	for i, name := range failoverPhases() {
		var v plotter.Values
		for _, b := range bars {
			v = append(v, lab.Median(values(b.runs, lasting(name))))
		}
		chart, err := plotter.NewBarChart(v, vg.Points(14))
		if err != nil {
			return err
		}
		chart.Horizontal, chart.Color, chart.LineStyle.Width = true, colors[i], 0
		if before != nil {
			chart.StackOn(before)
		}
		before = chart
		p.Add(chart)
		p.Legend.Add(name, chart)
	}
	return p.Save(vg.Points(760), vg.Points(float64(90+24*len(bars))), path)
}
