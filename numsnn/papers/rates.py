"""The learning rate with which each method starts unless told otherwise."""

RATES = {
    "none": 0.1,
    "tdbn": 0.1,
    "mpbn": 0.1,
    "recdis": 0.03,
    "im": 0.03,
    "esg": 0.3,
    "im-esg": 0.1,
    "psg": 0.1,
    "pda": 0.1,
    "psg-pda": 0.1,
    "tdbn+mpd": 0.1,
    "tdbn+im+esg": 0.3,
}
"""Of 0.03, 0.1 and 0.3 the best on 237 training digits held out, after 6 epochs (the PSG family: of
0.04 and 0.1). Methods that are not here start with 0.1."""
