"""`make bench`: how fast the portal is, as ratios in one run. Both sides of each ratio are printed, as medians of
alternating rounds, so that a slow or busy machine changes the numbers and not the verdict."""
