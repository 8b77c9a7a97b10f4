DROP TABLE liveops_channel, liveops_channel_region, liveops_channel_addition, liveops_channel_signal;
DROP FUNCTION liveops_channel_apply, liveops_channel_notify, liveops_channel_forget,
    liveops_channel_open, liveops_channel_publish, liveops_channel_sweep;
